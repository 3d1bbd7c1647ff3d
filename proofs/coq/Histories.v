(* What is seen of a run: histories of events, and when a run of the system shows one. Definitions alone.

   A call is seen to begin and to end. When it takes effect, or is withdrawn, is not seen. What the system leaves to the
   one who looks at it is said here: which errors count as that of a rule, what a returned value tells, and what an
   observation may read. *)
From Coq Require Import ZArith List Bool.
From Latchproof Require Import Py Step Machine System.
Import ListNotations.
Local Open Scope Z_scope.

(* A value that a call returned, or that an observation read. True is not 1; None is one of the others. *)
Inductive Value : Set := Int (n : Z) | Bool (b : bool) | Other.

(* How a call ended. `leads` is what its value tells of who leads, if it tells that; `kinds` has each error of the rules
   as which the error that it raised counts, and `timeout` says whether it tells that time has run out. *)
Inductive How : Set :=
| Returned (value : Value) (leads : option bool)
| Raised (kinds : list Error) (timeout : bool)
| Cancelled.

(* `late` says that the task of a call was cancelled before the call began. Observations go by numbers. *)
Inductive Event {Op : Type} : Type :=
| Begins (c : Call) (op : Op) (late : bool)
| Ends (c : Call) (how : How)
| Requested (c : Call)
| TimePasses
| Observed (readings : list (Z * Value))
| Rests.
Arguments Event : clear implicits.

Definition Value_eq_dec (a b : Value) : {a = b} + {a <> b}. Proof. repeat decide equality. Defined.

(* What was seen of the calls so far: those that began; those under way, in that order; those that were late; those whose
   cancellation was requested; and those that may have timed out, because time passed while they might wait. *)
Record Seen {Op : Type} : Type := {
  begun : list Call; under_way : list (Call * Op); late_calls : list Call; cancelled : list Call; timed : list Call }.
Arguments Seen : clear implicits.

(* What a call was given: its ending; the errors with which it may end in place of that; whether its value tells only
   whether its index is 0; and whether it is a release, so that an observation may count the call: what a call is given by
   its own step, and is no index, is none. *)
Record Given : Set := { ending : Ending; accepted : list Error; leading : bool; is_release : bool }.

Definition given_by (r : Rule) (by_itself : bool) (e : Ending) : Given :=
  {| ending := e;
     accepted := match e with Ends_error _ => Rule_errors r | _ => nil end;
     leading := IndexOrder_beq (Rule_order r) IndexOrder_one_leads;
     is_release := match e with Ends_error _ => negb (Rule_refuses r) | Ends_index _ => true | Ends_plainly => negb by_itself end |}.

Definition tells (x : Given) (v : Value) (leads : option bool) (i : Z) : bool :=
  if leading x then match leads with Some b => Bool.eqb b (i =? 0) | None => false end
  else match v with Int j => i =? j | _ => false end.

Section Histories.
Variable M : Machine.
Variable waits : Operations M -> bool.
(* What an observation reads in a state, and whether it may count calls that were released and have not ended. *)
Variable observe : Z -> States M -> Value.
Variable counts_released : Z -> bool.
(* Whether the values that waiting calls return are compared; if not, they are no indices. *)
Variable compared : bool.

Notation Op := (Operations M).

(* The call has not ended, so a rule may still fail it, if it reaches the released. *)
Definition reached_by (r : Rule) (x : Given) : Given :=
  match ending x with
  | Ends_index _ => if reaches M r then {| ending := ending x; accepted := Rule_errors r; leading := leading x;
                                          is_release := is_release x |} else x
  | _ => x
  end.

(* What a call has of the latest moment that gave it anything, and of all that may have reached it since. *)
Fixpoint given_in (l : list (Moment M)) (c : Call) : Given :=
  match l with
  | nil => {| ending := Ends_plainly; accepted := nil; leading := false; is_release := false |}
  | m :: r => match given_to c (resumed m) with
              | Some e => given_by (rule m) (c =? who m) e
              | None => reached_by (rule m) (given_in r c)
              end
  end.

(* Whether a call that was given this may end so. *)
Definition fits (x : Given) (how : How) : bool :=
  match how with
  | Cancelled => false
  | Raised kinds _ => existsb (fun e => if in_dec Error_eq_dec e kinds then true else false) (accepted x)
  | Returned v leads =>
      match ending x with
      | Ends_error _ => false
      | Ends_plainly => true
      | Ends_index i => if compared then tells x v leads i else match v with Int _ => false | _ => true end
      end
  end.

Definition is_under_way (b : Seen Op) (c : Call) (op : Op) : Prop := In (c, op) (under_way b).
Definition may_withdraw (b : Seen Op) (c : Call) : bool := py_in c (cancelled b) || py_in c (timed b).
Definition withdraws_early (op : Op) : bool := withdraws_fresh M && waits op.

(* Whether a call that ends so was cancelled or timed out: it was withdrawn, or that came too late to matter. *)
Definition is_gone (b : Seen Op) (c : Call) (how : How) : bool :=
  match how with
  | Cancelled => py_in c (cancelled b)
  | Raised _ timeout => timeout && py_in c (timed b)
  | Returned _ _ => false
  end.

(* A late call does not take effect where its withdrawal may concern the parked. *)
Definition is_too_late (b : Seen Op) (st : States M) (c : Call) (op : Op) : bool :=
  py_in c (late_calls b) && withdraws_early op && Rule_heeds_parked (snd (on_withdrawal M false false st)).

(* The steps that the system may make unseen. Which released calls a step fails is left open until they end: the call
   that completes a generation may be one of them. A withdrawal of a released call changes nothing, so it is left out. *)
Definition unseen (b : Seen Op) (s : System M) (c : Call) (a : Action M) (s' : System M) : Prop :=
  match a with
  | Calls op => is_under_way b c op /\ is_too_late b (state s) c op = false
  | Withdraws => may_withdraw b c = true /\
      exists op, is_under_way b c op /\ (status s c = Fresh /\ withdraws_early op = true \/ status s c = Parked)
  | Continues => True
  end /\ forall m, log s' = m :: log s -> reached m = nil.

Definition continues (t : Status) : bool := match t with Released _ | Done _ => true | _ => false end.

(* How many calls under way were released, or completed a generation. *)
Definition released_now (s : System M) (b : Seen Op) : Z :=
  py_len (filter (fun p => continues (status s (fst p)) && is_release (given_in (log s) (fst p))) (under_way b)).

Definition may_read (st : States M) (released : Z) (reading : Z * Value) : bool :=
  let (name, v) := reading in
  if counts_released name then
    match v, observe name st with Int i, Int j => (j <=? i) && (i <=? j + released) | _, _ => false end
  else if Value_eq_dec (observe name st) v then true else false.

Definition seen_after (b : Seen Op) (v : Event Op) : Seen Op :=
  match v with
  | Begins c op late =>
      {| begun := c :: begun b; under_way := under_way b ++ [(c, op)];
         late_calls := if late then c :: late_calls b else late_calls b;
         cancelled := if late then c :: cancelled b else cancelled b; timed := timed b |}
  | Ends c _ =>
      {| begun := begun b; under_way := filter (fun p => negb (fst p =? c)) (under_way b);
         late_calls := late_calls b; cancelled := cancelled b; timed := timed b |}
  | Requested c =>
      {| begun := begun b; under_way := under_way b; late_calls := late_calls b; cancelled := c :: cancelled b;
         timed := timed b |}
  | TimePasses =>
      {| begun := begun b; under_way := under_way b; late_calls := late_calls b; cancelled := cancelled b;
         timed := map fst (filter (fun p => waits (snd p)) (under_way b)) ++ timed b |}
  | Observed _ | Rests => b
  end.

(* When an event is seen in a state of the system. *)
Inductive sees (s : System M) (b : Seen Op) : Event Op -> Prop :=
| sees_begin c op late : ~ In c (begun b) -> sees s b (Begins c op late)
| sees_gone c op how : is_under_way b c op -> is_gone b c how = true ->
    status s c = Left \/ continues (status s c) = true \/ (status s c = Fresh /\ withdraws_early op = false) ->
    sees s b (Ends c how)
| sees_end c op how : is_under_way b c op -> is_gone b c how = false -> continues (status s c) = true ->
    fits (given_in (log s) c) how = true -> sees s b (Ends c how)
| sees_request c : sees s b (Requested c)
| sees_time : sees s b TimePasses
| sees_reading readings : forallb (may_read (state s) (released_now s b)) readings = true -> sees s b (Observed readings)
| sees_rest : (forall c op, is_under_way b c op -> status s c = Parked /\ ~ In c (cancelled b)) -> sees s b Rests.

(* The run that begins at `s` shows the history. *)
Inductive shows (s : System M) (b : Seen Op) : list (Event Op) -> Prop :=
| shows_all : shows s b nil
| shows_step c a s' h : step s c a s' -> unseen b s c a s' -> shows s' b h -> shows s b h
| shows_event v h : sees s b v -> shows s (seen_after b v) h -> shows s b (v :: h).

Definition nothing_seen : Seen Op :=
  {| begun := nil; under_way := nil; late_calls := nil; cancelled := nil; timed := nil |}.

Definition some_run_shows (h : list (Event Op)) : Prop := shows (start M) nothing_seen h.
End Histories.
Arguments is_under_way {M} _ _ _.
Arguments may_withdraw {M} _ _.
Arguments is_gone {M} _ _ _.
Arguments nothing_seen {M}.
