(* What is claimed of the barrier: for every policy, every argument of the constructor, and any number of calls and
   generations.

   Each statement is about `Barrier.machine` or `Barrier.create`, which are rendered from the specification; System.v
   says what a state, a step and a run are, BarrierWords.v has the words. *)
From Coq Require Import ZArith List Bool Permutation.
From Latchproof Require Import Py Step Machine System BarrierWords.
From Latchproof Require Barrier.
Import ListNotations.
Local Open Scope Z_scope.

(* C4. A refused call changes nothing, for any task. *)
Definition C4 : Prop := forall policy parties initial, new parties initial ->
  forall s s' : System (Barrier.machine policy parties initial), reachable s ->
  forall w a m, step s w a s' -> log s' = m :: log s -> Rule_refuses (rule m) = true ->
  state s' = state s /\ queue s' = queue s /\ (forall c, c <> w -> status s' c = status s c) /\
  exists e others, Rule_errors (rule m) = e :: others /\ status s' w = Done (Ends_error e).

(* C5. A generation is given exactly the indices 0..parties-1, each once, in order of arrival; if calls are told only
   whether they lead, exactly one does. *)
(* A generation is given its indices by one moment. Its calls are in order of arrival, none twice, and no call is given
   an ending by two moments. A policy may have the order reversed, or leave it open; the call with index 0 leads. *)
Definition C5 : Prop := forall policy parties initial, new parties initial ->
  forall s : System (Barrier.machine policy parties initial), reachable s ->
  NoDup (given (log s)) /\
  forall later m earlier, log s = later ++ m :: earlier ->
  (exists c i, In (c, Ends_index i) (resumed m)) \/ Rule_queue (rule m) = Queue_indexed ->
  Rule_order (rule m) = Barrier.BarrierPolicy_index_order policy /\
  NoDup (map fst (resumed m)) /\ subseq (map fst (resumed m)) (arrivals (m :: earlier)) /\
  exists indices, map snd (resumed m) = map Ends_index indices /\ Permutation indices (py_range 0 parties) /\
    count_occ Z.eq_dec indices 0 = 1%nat /\
    match Barrier.BarrierPolicy_index_order policy with
    | IndexOrder_arrival => indices = py_range 0 parties
    | IndexOrder_reversed => indices = rev (py_range 0 parties)
    | IndexOrder_any | IndexOrder_one_leads => True
    end.

(* C6. Each task that returns from a barrier's wait() belongs to one generation of exactly parties arrivals, none of
   them withdrawn before the trip. *)
(* A call that returns without an index is an abort or a reset. *)
Definition C6 : Prop := forall policy parties initial, new parties initial ->
  forall s : System (Barrier.machine policy parties initial), reachable s ->
  (forall c i, status s c = Released (Ends_index i) \/ status s c = Done (Ends_index i) ->
   exists later m earlier, log s = later ++ m :: earlier /\ In (c, Ends_index i) (resumed m) /\
     (forall later' m' earlier', log s = later' ++ m' :: earlier' -> In c (map fst (resumed m')) ->
       earlier' = earlier) /\
     py_len (resumed m) = parties /\
     forall d, In d (map fst (resumed m)) -> In d (arrivals (m :: earlier)) /\ ~ In d (withdrawn earlier)) /\
  (forall c, status s c = Released Ends_plainly \/ status s c = Done Ends_plainly ->
   exists m, In m (log s) /\ who m = c /\ (action m = Calls Barrier.Abort \/ action m = Calls Barrier.Reset)) /\
  (forall m, In m (log s) -> arrived m <> [] -> action m = Calls Barrier.Wait).

(* C7. A withdrawal takes back its own arrival and nothing else: it releases, breaks and strands no other task. *)
(* Unless the policy has the withdrawal break the barrier: then it does what C9 says. *)
Definition C7 : Prop := forall policy parties initial, new parties initial ->
  forall s s' : System (Barrier.machine policy parties initial), reachable s ->
  forall w, step s w Withdraws s' -> ~ withdrawal_breaks s w ->
  status s' w = Left /\ (forall c, c <> w -> status s' c = status s c) /\
  queue s' = filter (fun c => negb (c =? w)) (queue s) /\
  broken (state s') = broken (state s) /\
  parked (state s') = parked (state s) - (if is_parked s w then 1 else 0).

(* C8. Once tripped, a generation is out of reach of every later abort, reset and withdrawal. *)
(* A released call keeps its ending, unless it continues or is withdrawn itself; a policy may have abort and reset reach
   a call that is released with an index. A call that has ended has ended for good. *)
Definition C8 : Prop := forall policy parties initial, new parties initial ->
  forall s s' : System (Barrier.machine policy parties initial), reachable s ->
  forall w a c e, step s w a s' ->
  (status s c = Released e ->
   status s' c = Released e \/
   c = w /\ (a = Continues /\ status s' c = Done e \/ a = Withdraws /\ status s' c = Left) \/
   abort_may_reach_released policy /\ (a = Calls Barrier.Abort \/ a = Calls Barrier.Reset) /\
     (exists i, e = Ends_index i) /\ status s' c = Released (Ends_error BrokenBarrierError)) /\
  (status s c = Done e -> status s' c = Done e).

(* C9. abort breaks and reset makes whole; each fails exactly the parked, with BrokenBarrierError. Nothing else breaks,
   mends or fails them, but a policy may have a cancelled party do as abort does. *)
(* A policy may also have abort and reset fail calls that are released with an index. *)
Definition C9 : Prop := forall policy parties initial, new parties initial ->
  forall s s' : System (Barrier.machine policy parties initial), reachable s ->
  forall w a, step s w a s' ->
  (breaks s w a \/ a = Calls Barrier.Reset ->
   (breaks s w a -> broken (state s') = true) /\ (a = Calls Barrier.Reset -> broken (state s') = false) /\
   queue s' = [] /\ parked (state s') = 0 /\
   status s' w = match a with Withdraws => Left | _ => Done Ends_plainly end /\
   forall c, c <> w ->
     (In c (queue s) -> status s' c = Released (Ends_error BrokenBarrierError)) /\
     (~ In c (queue s) -> status s' c = status s c \/
        abort_may_reach_released policy /\ a <> Withdraws /\ (exists i, status s c = Released (Ends_index i)) /\
        status s' c = Released (Ends_error BrokenBarrierError))) /\
  (~ breaks s w a -> a <> Calls Barrier.Reset ->
   broken (state s') = broken (state s) /\
   forall c e, c <> w -> status s' c = Released (Ends_error e) -> status s c = Released (Ends_error e)).

(* C10. Operations raise only the errors, and log only the warnings, that their rules give, and in just the cases that
   these name. *)
Definition C10 : Prop :=
  (forall policy parties initial, new parties initial ->
   forall s s' : System (Barrier.machine policy parties initial), reachable s ->
   forall w a m, step s w a s' -> log s' = m :: log s ->
   let errors := match a with Calls operation => errors_due operation (state s) | _ => [] end in
   (if Rule_refuses (rule m) then Rule_errors (rule m) else []) = errors /\
   (forall e, status s' w = Done (Ends_error e) <-> hd_error errors = Some e) /\
   Rule_warns (rule m) = false) /\
  (forall argument parties initial rule, Barrier.create argument = (parties, initial, rule) ->
   (if Rule_refuses rule then Rule_errors rule else []) =
     (if negb (is_whole_number argument) then [TypeError] else if number argument <? 1 then [ValueError] else []) /\
   Rule_warns rule = false).

(* C11. At rest no task is stranded: each blocked task is at a latch with count > 0, or at a whole barrier with fewer
   parked than parties. *)
(* Each call that was made has ended, is released, or is parked in the queue of a whole barrier; at rest, none is
   released. *)
Definition C11 : Prop := forall policy parties initial, new parties initial ->
  forall s : System (Barrier.machine policy parties initial), reachable s ->
  forall m, In m (log s) ->
  (exists e, status s (who m) = Done e) \/ status s (who m) = Left \/ (exists e, status s (who m) = Released e) \/
  status s (who m) = Parked /\ In (who m) (queue s) /\ broken (state s) = false /\ py_len (queue s) < parties.

(* C13. When the parties-th arrival that is not withdrawn takes effect on a whole barrier, all tasks of that generation
   return, unless cancelled. *)
(* Each returns an index; where a policy has abort and reset reach released calls, it may fail instead. *)
Definition C13 : Prop := forall policy parties initial, new parties initial ->
  forall (r : Run (Barrier.machine policy parties initial)) acts, is_run r acts -> weakly_fair r acts ->
  forall n w a, acts n = Some (w, a) -> a = Calls Barrier.Wait ->
  broken (state (r n)) = false -> py_len (queue (r n)) + 1 = parties ->
  forall c, In c (queue (r n)) \/ c = w ->
  continues_or_is_cancelled r acts (S n) c (fun e =>
    (exists i, e = Ends_index i) \/ abort_may_reach_released policy /\ e = Ends_error BrokenBarrierError).

(* C14. Each task that is parked when the barrier is broken or reset continues with BrokenBarrierError, unless
   cancelled. *)
Definition C14 : Prop := forall policy parties initial, new parties initial ->
  forall (r : Run (Barrier.machine policy parties initial)) acts, is_run r acts -> weakly_fair r acts ->
  forall n w a, acts n = Some (w, a) ->
  a = Calls Barrier.Abort \/ a = Calls Barrier.Reset \/ broken (state (r n)) = false /\
    broken (state (r (S n))) = true ->
  forall c, c <> w -> status (r n) c = Parked ->
  continues_or_is_cancelled r acts (S n) c (fun e => e = Ends_error BrokenBarrierError).

(* C15. No call raises, and nothing reaches the event loop, that no rule gives. *)
(* Of the specification: each step is by a rule of the table, and a call fails with the first error of a rule: by its
   own refusal, with all the parked, or, where a policy allows it, after it was released with an index. What reaches the
   event loop is up to the classes, and is not stated here. *)
Definition C15 : Prop := forall policy parties initial, new parties initial ->
  forall s : System (Barrier.machine policy parties initial), reachable s ->
  (forall m, In m (log s) -> In (rule m) Barrier.RULES) /\
  forall c e, status s c = Released (Ends_error e) \/ status s c = Done (Ends_error e) ->
  exists m, In m (log s) /\ hd_error (Rule_errors (rule m)) = Some e /\
    (who m = c /\ Rule_refuses (rule m) = true \/
     Rule_queue (rule m) = Queue_failed /\ who m <> c /\
       (In c (queue_before m) \/ In c (reached m) /\ abort_may_reach_released policy)).

(* C16. count, is_open, parties, n_waiting and broken read the state, and that of a new machine is as asked. *)
(* Of the specification: n_waiting counts the parked calls, and a policy may have it count released ones too. That the
   classes read it is not stated here. *)
Definition C16 : Prop :=
  (forall policy parties initial, new parties initial ->
   forall s : System (Barrier.machine policy parties initial), reachable s ->
   Barrier.reads_parties parties (parked (state s)) (broken (state s)) = parties /\
   Barrier.reads_n_waiting parties (parked (state s)) (broken (state s)) = py_len (queue s) /\
   Barrier.reads_broken parties (parked (state s)) (broken (state s)) = broken (state s) /\
   (Barrier.counts_released_in_n_waiting policy = true <->
    Barrier.BarrierPolicy_n_waiting_counts policy = Barrier.Reach_perhaps_the_released_too) /\
   Barrier.counts_released_in_parties policy = false /\ Barrier.counts_released_in_broken policy = false) /\
  (forall argument parties initial rule, Barrier.create argument = (parties, initial, rule) ->
   Rule_refuses rule = false -> parties = number argument /\ initial = (0, false)).
