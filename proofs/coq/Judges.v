(* The judges of our two machines, under each policy, and that each is exact. Extract.v makes a program of them.

   What the exporter does not render is written by hand here: that wait() is the operation that may block, the numbers by
   which a program names errors, operations and observations, and the policy in which calls are told only who leads. *)
From Coq Require Import ZArith List Bool.
From Latchproof Require Import Py Step Machine System Histories Judge JudgeExact.
From Latchproof Require Barrier Latch.
Import ListNotations.
Local Open Scope Z_scope.

Definition errors : list Error :=
  [ValueError; TypeError; RuntimeError; IndexError; LatchInUseError; ZeroLatchError; BrokenBarrierError].
Definition error_number (n : Z) : Error := nth (Z.to_nat n) errors IndexError.
Definition whole (n : Z) : Number := {| is_whole_number := true; number := n |}.
Definition anything_else : Number := {| is_whole_number := false; number := 0 |}.

Module BarrierJudge.
Definition led (p : Barrier.BarrierPolicy) : Barrier.BarrierPolicy :=
  Barrier.Make_BarrierPolicy (Barrier.BarrierPolicy_name p) (Barrier.BarrierPolicy_cancelled p)
    (Barrier.BarrierPolicy_cancelled_early p) IndexOrder_one_leads (Barrier.BarrierPolicy_abort_reaches p)
    (Barrier.BarrierPolicy_n_waiting_counts p).
Definition policy (n : Z) (one_leads : bool) : Barrier.BarrierPolicy :=
  let p := nth (Z.to_nat n) Barrier.POLICIES Barrier.LATCHPROOF in if one_leads then led p else p.

Definition made (parties : Z) : Barrier.State := snd (fst (Barrier.create (whole parties))).
Definition machine (p : Barrier.BarrierPolicy) (parties : Z) : Machine := Barrier.machine p parties (made parties).
Definition waits (op : Barrier.Operation) : bool := match op with Barrier.Wait => true | _ => false end.
Definition observe (parties : Z) (name : Z) (st : Barrier.State) : Value :=
  match name with
  | 0 => Int (Barrier.reads_parties parties (fst st) (snd st))
  | 1 => Int (Barrier.reads_n_waiting parties (fst st) (snd st))
  | _ => Bool (Barrier.reads_broken parties (fst st) (snd st))
  end.
Definition counts_released (p : Barrier.BarrierPolicy) (name : Z) : bool :=
  match name with
  | 0 => Barrier.counts_released_in_parties p
  | 1 => Barrier.counts_released_in_n_waiting p
  | _ => Barrier.counts_released_in_broken p
  end.
Definition State_eq_dec (a b : Barrier.State) : {a = b} + {a <> b}. Proof. repeat decide equality. Defined.
Definition Op_eq_dec (a b : Barrier.Operation) : {a = b} + {a <> b}. Proof. decide equality. Defined.
Definition operation (name : Z) : Barrier.Operation :=
  match name with 0 => Barrier.Wait | 1 => Barrier.Abort | _ => Barrier.Reset end.

Definition begin (p : Barrier.BarrierPolicy) (parties : Z) : Place (machine p parties) := beginning (machine p parties).
Definition event (p : Barrier.BarrierPolicy) (parties : Z) (compared : bool)
  : Place (machine p parties) -> Event Barrier.Operation -> Place (machine p parties) :=
  judge_event (machine p parties) waits (observe parties) (counts_released p) compared State_eq_dec Op_eq_dec.
Definition allows (p : Barrier.BarrierPolicy) (parties : Z) : Place (machine p parties) -> bool :=
  is_allowed (machine p parties).

Theorem exact p parties compared h :
  allows p parties (fold_left (event p parties compared) h (begin p parties)) = true <->
  some_run_shows (machine p parties) waits (observe parties) (counts_released p) compared h.
Proof.
  apply JudgeExact.exact. intros is_parked is_released [parked broken]. cbn. unfold Barrier.withdraw.
  destruct is_parked, is_released; cbn; repeat (match goal with |- context [if ?b then _ else _] => destruct b end); reflexivity.
Qed.
End BarrierJudge.

Module LatchJudge.
Definition policy (n : Z) : Latch.LatchPolicy := nth (Z.to_nat n) Latch.POLICIES Latch.LATCHPROOF.
Definition made (count : Z) : Latch.State := snd (fst (Latch.create (whole count))).
Definition machine (p : Latch.LatchPolicy) (count : Z) : Machine := Latch.machine p (made count).
Definition waits (op : Latch.Operation) : bool := match op with Latch.Wait => true | _ => false end.
Definition observe (name : Z) (st : Latch.State) : Value :=
  match name with
  | 0 => Int (Latch.reads_count (fst st) (snd st))
  | 1 => Bool (Latch.reads_is_open (fst st) (snd st))
  | _ => Int (Latch.reads_n_waiting (fst st) (snd st))
  end.
Definition counts_released (p : Latch.LatchPolicy) (name : Z) : bool :=
  match name with
  | 0 => Latch.counts_released_in_count p
  | 1 => Latch.counts_released_in_is_open p
  | _ => Latch.counts_released_in_n_waiting p
  end.
Definition State_eq_dec (a b : Latch.State) : {a = b} + {a <> b}. Proof. repeat decide equality. Defined.
Definition Op_eq_dec (a b : Latch.Operation) : {a = b} + {a <> b}. Proof. repeat decide equality. Defined.
Definition operation (name : Z) (flag : bool) (n : Number) : Latch.Operation :=
  match name with 0 => Latch.Wait | 1 => Latch.CountDown flag | _ => Latch.SetCount n end.

Definition begin (p : Latch.LatchPolicy) (count : Z) : Place (machine p count) := beginning (machine p count).
Definition event (p : Latch.LatchPolicy) (count : Z) (compared : bool)
  : Place (machine p count) -> Event Latch.Operation -> Place (machine p count) :=
  judge_event (machine p count) waits observe (counts_released p) compared State_eq_dec Op_eq_dec.
Definition allows (p : Latch.LatchPolicy) (count : Z) : Place (machine p count) -> bool := is_allowed (machine p count).

Theorem exact p count compared h :
  allows p count (fold_left (event p count compared) h (begin p count)) = true <->
  some_run_shows (machine p count) waits observe (counts_released p) compared h.
Proof.
  apply JudgeExact.exact. intros is_parked is_released [n parked]. cbn. unfold Latch.withdraw.
  now destruct is_parked.
Qed.
End LatchJudge.
