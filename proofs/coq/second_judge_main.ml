(* Reads histories as lines of whole numbers, and prints after each event whether it is allowed: 1 or 0.

   begin: n machine policy leads compared argument    event: b call operation flag is-whole number late
   e call 0 kind value leads | e call 1 timeout errors... | e call 2    r call    t    o (name kind value)...    s
   < takes the latest event back. Only numbers are turned into what the judge knows, here; it decides by itself. *)
open Second_judge

type judge = Barrier of barrierPolicy * int * bool | Latch of latchPolicy * int * bool

let yes n = n <> 0

let value kind n = match kind with 0 -> Int n | 1 -> Bool (yes n) | _ -> Other

let rec readings = function
  | name :: kind :: n :: rest -> (name, value kind n) :: readings rest
  | _ -> []

let event operation letter numbers =
  match letter, numbers with
  | "b", [ call; name; flag; is_whole; n; late ] ->
      Begins (call, operation name (yes flag) (if yes is_whole then whole n else anything_else), yes late)
  | "e", [ call; 0; kind; n; leads ] ->
      Ends (call, Returned (value kind n, if leads < 0 then None else Some (yes leads)))
  | "e", call :: 1 :: timeout :: errors -> Ends (call, Raised (List.map error_number errors, yes timeout))
  | "e", [ call; 2 ] -> Ends (call, Cancelled)
  | "r", [ call ] -> Requested call
  | "t", [] -> TimePasses
  | "o", numbers -> Observed (readings numbers)
  | "s", [] -> Rests
  | _ -> failwith "not an event"

let made = function
  | [ 0; policy; leads; compared; parties ] -> Barrier (BarrierJudge.policy policy (yes leads), parties, yes compared)
  | [ 1; policy; _; compared; count ] -> Latch (LatchJudge.policy policy, count, yes compared)
  | _ -> failwith "not a machine"

let start = function
  | Barrier (policy, parties, _) -> BarrierJudge.coq_begin policy parties
  | Latch (policy, count, _) -> LatchJudge.coq_begin policy count

let after judge place letter numbers =
  match judge with
  | Barrier (policy, parties, compared) ->
      let place =
        BarrierJudge.event policy parties compared place
          (event (fun name _ _ -> BarrierJudge.operation name) letter numbers) in
      place, BarrierJudge.allows policy parties place
  | Latch (policy, count, compared) ->
      let place = LatchJudge.event policy count compared place (event LatchJudge.operation letter numbers) in
      place, LatchJudge.allows policy count place

let rec play judge places =
  match input_line stdin with
  | exception End_of_file -> ()
  | line -> (
      match String.split_on_char ' ' line, places with
      | [ "<" ], _ :: before -> play judge before
      | "n" :: numbers, _ ->
          let judge = made (List.map int_of_string numbers) in
          play judge [ start judge ]
      | letter :: numbers, place :: _ ->
          let place, is_allowed = after judge place letter (List.map int_of_string numbers) in
          print_string (if is_allowed then "1\n" else "0\n");
          play judge (place :: places)
      | _ -> failwith "there is no event before this")

let () = play (made [ 0; 0; 0; 1; 1 ]) []
