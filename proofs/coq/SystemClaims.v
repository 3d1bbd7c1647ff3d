(* What is claimed of every machine, so that the statements about the latch and the barrier are not empty. *)
From Coq Require Import ZArith List.
From Latchproof Require Import Py Step Machine System.

(* Each call can take effect, whatever was done before. *)
Definition Total : Prop := forall M (s : System M) w operation, status s w = Fresh ->
  exists s', step s w (Calls operation) s'.

(* Each reachable state lies on a weakly fair run: fairness rules out nothing that is finite. *)
Definition FairRuns : Prop := forall M (s : System M), reachable s ->
  exists r acts n, is_run r acts /\ weakly_fair r acts /\ r n = s.

(* On a weakly fair run, no call stays released for ever from some time on without continuing. *)
Definition FairRunsContinue : Prop := forall M (r : Run M) acts, weakly_fair r acts ->
  forall c n, ~ forall m, n <= m -> (exists e, status (r m) c = Released e) /\ acts m <> Some (c, Continues).
