(* Words of the statements about the latch. *)
From Coq Require Import ZArith List Bool.
From Latchproof Require Import Py Step Machine System.
From Latchproof Require Latch.
Import ListNotations.
Local Open Scope Z_scope.

(* The state of a latch that the constructor made, of whatever it was given. *)
Definition new (initial : Latch.State) : Prop :=
  exists argument rule, Latch.create argument = (tt, initial, rule) /\ Rule_refuses rule = false.

Definition count (st : Latch.State) : Z := fst st.
Definition parked (st : Latch.State) : Z := snd st.

Section Words.
Context {policy : Latch.LatchPolicy} {initial : Latch.State}.
Notation latch := (Latch.machine policy initial).

(* The count that a log leads to: what was last set, less the count_downs since, never below zero. *)
Fixpoint set_less_counted (l : list (Moment latch)) : Z :=
  match l with
  | nil => count initial
  | m :: past =>
      if Rule_refuses (rule m) then set_less_counted past
      else match action m with
      | Calls (Latch.SetCount n) => number n
      | Calls (Latch.CountDown _) => Z.max 0 (set_less_counted past - 1)
      | _ => set_less_counted past
      end
  end.
End Words.

(* The errors of which a call raises one, if there are any, by the count and the number of parked calls before it. *)
Definition errors_due (policy : Latch.LatchPolicy) (operation : Latch.Operation) (st : Latch.State) : list Error :=
  match operation with
  | Latch.Wait => []
  | Latch.CountDown exception_if_zero =>
      if 0 <? count st then []
      else match Latch.LatchPolicy_over_counting policy with
      | Latch.over_counting_raises => [RuntimeError; ValueError]
      | Latch.over_counting_ignored => if exception_if_zero then [ZeroLatchError] else []
      end
  | Latch.SetCount n =>
      if negb (is_whole_number n) then [TypeError]
      else match Latch.LatchPolicy_set_count_in_use policy with
      | Latch.set_count_in_use_refuses =>
          if number n <? 0 then [ValueError] else if 0 <? parked st then [LatchInUseError] else []
      | Latch.set_count_in_use_keeps => if number n <? 0 then [ValueError] else []
      | Latch.set_count_in_use_refuses_above_zero =>
          if 0 <? count st then [RuntimeError; ValueError] else if number n <? 0 then [ValueError] else []
      end
  end.

(* Whether a call logs a warning: it counts down once too often and is not refused. *)
Definition warning_due (policy : Latch.LatchPolicy) (operation : Latch.Operation) (st : Latch.State) : bool :=
  match operation, errors_due policy operation st with
  | Latch.CountDown _, [] => count st =? 0
  | _, _ => false
  end.
