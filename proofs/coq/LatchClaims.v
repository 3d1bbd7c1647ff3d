(* What is claimed of the latch: for every policy, every argument of the constructor, and any number of calls.

   Each statement is about `Latch.machine` or `Latch.create`, which are rendered from the specification; System.v says
   what a state, a step and a run are, LatchWords.v has the words. *)
From Coq Require Import ZArith List Bool.
From Latchproof Require Import Py Step Machine System LatchWords.
From Latchproof Require Latch.
Import ListNotations.
Local Open Scope Z_scope.

(* C1. The count is never negative, and is what was last set less the count_downs since, never below zero. *)
Definition C1 : Prop := forall policy initial, new initial ->
  forall s : System (Latch.machine policy initial), reachable s ->
  0 <= count (state s) /\ count (state s) = set_less_counted (log s).

(* C2. No task is parked on an open latch, and the number parked is the number of tasks in wait() that are neither
   released nor withdrawn. *)
Definition C2 : Prop := forall policy initial, new initial ->
  forall s : System (Latch.machine policy initial), reachable s ->
  (count (state s) = 0 -> queue s = []) /\
  parked (state s) = py_len (queue s) /\ NoDup (queue s) /\
  forall c, In c (queue s) <->
    (exists m, In m (log s) /\ who m = c /\ action m = Calls Latch.Wait) /\
    ~ In c (given (log s)) /\ ~ In c (withdrawn (log s)).

(* C3. wait() on a latch returns only if the count was zero at some moment between call and return. *)
(* The moment is the one that lets the call return: its own, or a later one. *)
Definition C3 : Prop := forall policy initial, new initial ->
  forall s : System (Latch.machine policy initial), reachable s ->
  forall later m earlier c e, log s = later ++ m :: earlier -> who m = c -> action m = Calls Latch.Wait ->
  status s c = Released e \/ status s c = Done e ->
  e = Ends_plainly /\
  exists k, In k (later ++ [m]) /\ In (c, e) (resumed k) /\ (count (before k) = 0 \/ count (after k) = 0).

(* C4. A refused call changes nothing, for any task. *)
Definition C4 : Prop := forall policy initial, new initial ->
  forall s s' : System (Latch.machine policy initial), reachable s ->
  forall w a m, step s w a s' -> log s' = m :: log s -> Rule_refuses (rule m) = true ->
  state s' = state s /\ queue s' = queue s /\ (forall c, c <> w -> status s' c = status s c) /\
  exists e others, Rule_errors (rule m) = e :: others /\ status s' w = Done (Ends_error e).

(* C7. A withdrawal takes back its own arrival and nothing else: it releases, breaks and strands no other task. *)
Definition C7 : Prop := forall policy initial, new initial ->
  forall s s' : System (Latch.machine policy initial), reachable s ->
  forall w, step s w Withdraws s' ->
  status s' w = Left /\ (forall c, c <> w -> status s' c = status s c) /\
  queue s' = filter (fun c => negb (c =? w)) (queue s) /\
  count (state s') = count (state s) /\
  parked (state s') = parked (state s) - (if is_parked s w then 1 else 0).

(* C10. Operations raise only the errors, and log only the warnings, that their rules give, and in just the cases that
   these name. *)
Definition C10 : Prop :=
  (forall policy initial, new initial ->
   forall s s' : System (Latch.machine policy initial), reachable s ->
   forall w a m, step s w a s' -> log s' = m :: log s ->
   let errors := match a with Calls operation => errors_due policy operation (state s) | _ => [] end in
   (if Rule_refuses (rule m) then Rule_errors (rule m) else []) = errors /\
   (forall e, status s' w = Done (Ends_error e) <-> hd_error errors = Some e) /\
   Rule_warns (rule m) = match a with Calls operation => warning_due policy operation (state s) | _ => false end) /\
  (forall argument initial rule, Latch.create argument = (tt, initial, rule) ->
   (if Rule_refuses rule then Rule_errors rule else []) =
     (if negb (is_whole_number argument) then [TypeError] else if number argument <? 0 then [ValueError] else []) /\
   Rule_warns rule = false).

(* C11. At rest no task is stranded: each blocked task is at a latch with count > 0, or at a whole barrier with fewer
   parked than parties. *)
(* Each call that was made has ended, is released, or is parked in the queue of a closed latch; at rest, none is
   released. *)
Definition C11 : Prop := forall policy initial, new initial ->
  forall s : System (Latch.machine policy initial), reachable s ->
  forall m, In m (log s) ->
  (exists e, status s (who m) = Done e) \/ status s (who m) = Left \/ (exists e, status s (who m) = Released e) \/
  status s (who m) = Parked /\ In (who m) (queue s) /\ 0 < count (state s).

(* C12. A task parked on a latch whose count reaches zero returns, unless it is cancelled, whatever set_count does
   afterwards. *)
Definition C12 : Prop := forall policy initial, new initial ->
  forall (r : Run (Latch.machine policy initial)) acts, is_run r acts -> weakly_fair r acts ->
  forall n c, status (r n) c = Parked -> count (state (r (S n))) = 0 -> acts n <> Some (c, Withdraws) ->
  continues_or_is_cancelled r acts (S n) c (fun e => e = Ends_plainly).

(* C15. No call raises, and nothing reaches the event loop, that no rule gives. *)
(* Of the specification: each step is by a rule of the table, and a call fails only by its own refusal, with the first
   error of that rule. What reaches the event loop is up to the classes, and is not stated here. *)
Definition C15 : Prop := forall policy initial, new initial ->
  forall s : System (Latch.machine policy initial), reachable s ->
  (forall m, In m (log s) -> In (rule m) Latch.RULES) /\
  forall c e, status s c = Released (Ends_error e) \/ status s c = Done (Ends_error e) ->
  exists m, In m (log s) /\ who m = c /\ Rule_refuses (rule m) = true /\ hd_error (Rule_errors (rule m)) = Some e.

(* C16. count, is_open, parties, n_waiting and broken read the state, and that of a new machine is as asked. *)
(* Of the specification: n_waiting counts the parked calls, and a policy may have it count released ones too. That the
   classes read it is not stated here. *)
Definition C16 : Prop :=
  (forall policy initial, new initial -> forall s : System (Latch.machine policy initial), reachable s ->
   Latch.reads_count (count (state s)) (parked (state s)) = count (state s) /\
   Latch.reads_is_open (count (state s)) (parked (state s)) = (count (state s) =? 0) /\
   Latch.reads_n_waiting (count (state s)) (parked (state s)) = py_len (queue s) /\
   (Latch.counts_released_in_n_waiting policy = false <->
    Latch.LatchPolicy_set_count_in_use policy = Latch.set_count_in_use_refuses) /\
   Latch.counts_released_in_count policy = false /\ Latch.counts_released_in_is_open policy = false) /\
  (forall argument initial rule, Latch.create argument = (tt, initial, rule) -> Rule_refuses rule = false ->
   initial = (number argument, 0)).
