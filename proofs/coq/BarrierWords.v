(* Words of the statements about the barrier. *)
From Coq Require Import ZArith List Bool.
From Latchproof Require Import Py Step Machine System.
From Latchproof Require Barrier.
Import ListNotations.
Local Open Scope Z_scope.

(* The parties and the state of a barrier that the constructor made, of whatever it was given. *)
Definition new (parties : Z) (initial : Barrier.State) : Prop :=
  exists argument rule, Barrier.create argument = (parties, initial, rule) /\ Rule_refuses rule = false.

Definition parked (st : Barrier.State) : Z := fst st.
Definition broken (st : Barrier.State) : bool := snd st.

(* Abort and reset may fail released calls too. *)
Definition abort_may_reach_released (policy : Barrier.BarrierPolicy) : Prop :=
  Barrier.BarrierPolicy_abort_reaches policy = Barrier.Reach_perhaps_the_released_too.

Section Words.
Context {policy : Barrier.BarrierPolicy} {parties : Z} {initial : Barrier.State}.
Notation barrier := (Barrier.machine policy parties initial).

(* The policy has the withdrawal of a call break the barrier: of a parked call, or of one that has not arrived. *)
Definition withdrawal_breaks (s : System barrier) (w : Call) : Prop :=
  status s w = Parked /\ Barrier.BarrierPolicy_cancelled policy = Barrier.cancelled_breaks \/
  status s w = Fresh /\ Barrier.BarrierPolicy_cancelled_early policy = Barrier.cancelled_early_breaks /\
    broken (state s) = false.

(* What a call does is an abort, or the withdrawal of a call that breaks the barrier. *)
Definition breaks (s : System barrier) (w : Call) (a : Action barrier) : Prop :=
  a = Calls Barrier.Abort \/ a = Withdraws /\ withdrawal_breaks s w.
End Words.

(* The errors of which a call raises one, if there are any. *)
Definition errors_due (operation : Barrier.Operation) (st : Barrier.State) : list Error :=
  match operation with
  | Barrier.Wait => if broken st then [BrokenBarrierError] else []
  | Barrier.Abort | Barrier.Reset => []
  end.
