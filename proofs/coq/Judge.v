(* A judge of histories that runs: it keeps every configuration that a history so far allows.

   JudgeExact.v proves that it accepts a history exactly if some run of the system shows it. Extract.v makes a program
   of it, and proofs/run_second_judge.py puts that to the judge of `latchproof check`. *)
From Coq Require Import ZArith List Bool.
From Latchproof Require Import Py Step Machine System Histories.
Import ListNotations.
Local Open Scope Z_scope.

(* What has become of a call that has begun and not ended. *)
Inductive Fate {Op : Type} : Type := New (op : Op) | Waiting | Given_ending (x : Given) | Withdrawn.
Arguments Fate : clear implicits.

(* ---- every way to choose the indices that a rule leaves open ---- *)
Fixpoint inserted {A} (x : A) (l : list A) : list (list A) :=
  match l with nil => [[x]] | y :: r => (x :: l) :: map (cons y) (inserted x r) end.
Fixpoint permutations {A} (l : list A) : list (list A) :=
  match l with nil => [nil] | x :: r => flat_map (inserted x) (permutations r) end.
Definition choices (told : list (Call * Ending)) : list (list (Call * Ending)) :=
  map (fun indices => choose indices told)
      (permutations (py_range 0 (py_len (filter (fun p => is_open (snd p)) told)))).

Section Judge.
Variable M : Machine.
Variable waits : Operations M -> bool.
Variable observe : Z -> States M -> Value.
Variable counts_released : Z -> bool.
Variable compared : bool.
Variable State_eq_dec : forall a b : States M, {a = b} + {a <> b}.
Variable Op_eq_dec : forall a b : Operations M, {a = b} + {a <> b}.

Notation Op := (Operations M).

Record Configuration : Type := { now : States M; waiting : list Call; fates : list (Call * Fate Op) }.

Lemma configuration_eq_dec (a b : Configuration) : {a = b} + {a <> b}.
Proof using State_eq_dec Op_eq_dec. repeat decide equality. Defined.

Definition reached_fate (r : Rule) (f : Fate Op) : Fate Op :=
  match f with Given_ending x => Given_ending (reached_by M r x) | _ => f end.

Definition fate_after (r : Rule) (w : Call) (given : list (Call * Ending)) (p : Call * Fate Op) : Call * Fate Op :=
  (fst p,
   match given_to (fst p) given with
   | Some e => Given_ending (given_by r (fst p =? w) e)
   | None =>
       if fst p =? w then
         match Rule_caller r with Caller_parks => Waiting | Caller_leaves => Withdrawn | _ => reached_fate r (snd p) end
       else reached_fate r (snd p)
   end).

(* Where a step of the machine, made by a call, leads. *)
Definition taken (x : Configuration) (w : Call) (result : States M * Rule) : list Configuration :=
  let (st, r) := result in
  let (q, told) := apply r (waiting x) w in
  map (fun given => {| now := st; waiting := q; fates := map (fate_after r w given) (fates x) |}) (choices told).

Definition moves_of (b : Seen Op) (x : Configuration) (p : Call * Fate Op) : list Configuration :=
  let c := fst p in
  match snd p with
  | New op =>
      (if is_too_late M waits b (now x) c op then nil else taken x c (on_call M op (now x))) ++
      (if may_withdraw b c && withdraws_early M waits op then taken x c (on_withdrawal M false false (now x)) else nil)
  | Waiting => if may_withdraw b c then taken x c (on_withdrawal M true false (now x)) else nil
  | _ => nil
  end.
Definition moves (b : Seen Op) (x : Configuration) : list Configuration := flat_map (moves_of b x) (fates x).

(* Where at most so many moves lead. Each call moves at most twice: it takes effect, and it is withdrawn. *)
Fixpoint within (most : nat) (b : Seen Op) (l : list Configuration) : list Configuration :=
  match most with
  | O => l
  | S n => match nodup configuration_eq_dec (flat_map (moves b) l) with nil => l | next => l ++ within n b next end
  end.
Definition enough (l : list Configuration) : nat := 2 * list_max (map (fun x => length (fates x)) l).
Definition reach (b : Seen Op) (l : list Configuration) : list Configuration :=
  nodup configuration_eq_dec (within (enough l) b l).

Definition without_call (c : Call) (x : Configuration) : Configuration :=
  {| now := now x; waiting := waiting x; fates := filter (fun p => negb (fst p =? c)) (fates x) |}.

Definition may_end (b : Seen Op) (c : Call) (how : How) (p : Call * Fate Op) : bool :=
  (fst p =? c) &&
  if is_gone b c how then
    match snd p with Withdrawn | Given_ending _ => true | New op => negb (withdraws_early M waits op) | Waiting => false end
  else match snd p with Given_ending x => fits compared x how | _ => false end.

Definition released_in (x : Configuration) : Z :=
  py_len (filter (fun p => match snd p with Given_ending y => is_release y | _ => false end) (fates x)).

(* Where an event leads that is seen in a configuration; nowhere, if it cannot be seen there. *)
Definition permitted (b : Seen Op) (v : Event Op) (x : Configuration) : list Configuration :=
  match v with
  | Begins c op late =>
      if py_in c (begun b) then nil
      else [{| now := now x; waiting := waiting x; fates := fates x ++ [(c, New op)] |}]
  | Ends c how => if existsb (may_end b c how) (fates x) then [without_call c x] else nil
  | Requested _ | TimePasses => [x]
  | Observed readings => if forallb (may_read M observe counts_released (now x) (released_in x)) readings then [x] else nil
  | Rests =>
      if forallb (fun p => match snd p with Waiting => negb (py_in (fst p) (cancelled b)) | _ => false end) (fates x)
      then [x] else nil
  end.

(* All that the judgement of what follows depends on. *)
Definition Place : Type := list Configuration * Seen Op.
Definition judge_event (here : Place) (v : Event Op) : Place :=
  let (l, b) := here in
  (nodup configuration_eq_dec (flat_map (permitted b v) (reach b l)), seen_after M waits b v).
Definition beginning : Place := ([{| now := initially M; waiting := nil; fates := nil |}], nothing_seen).
Definition is_allowed (here : Place) : bool := match fst here with nil => false | _ => true end.
Definition accepts (h : list (Event Op)) : bool := is_allowed (fold_left judge_event h beginning).
End Judge.
Arguments now {M} _.
Arguments waiting {M} _.
Arguments fates {M} _.
