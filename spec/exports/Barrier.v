(* Rendered by `latchproof export barrier --format coq`; do not edit. From
   latchproof_spec/barrier/policies.py, latchproof_spec/barrier/rules.py, latchproof_spec/barrier/machine.py *)
From Coq Require Import ZArith List Bool String.
From Latchproof Require Import Py Step Machine.
Import ListNotations.
Local Open Scope string_scope.
Local Open Scope Z_scope.
Local Open Scope bool_scope.
Local Open Scope list_scope.

Inductive Reach : Set := Reach_the_parked | Reach_perhaps_the_released_too.
Scheme Equality for Reach.

Inductive cancelled : Set := cancelled_withdraws | cancelled_breaks.
Scheme Equality for cancelled.

Inductive cancelled_early : Set := cancelled_early_makes_no_call | cancelled_early_breaks.
Scheme Equality for cancelled_early.

Record BarrierPolicy : Set := Keep_BarrierPolicy {
  BarrierPolicy_name : string;
  BarrierPolicy_cancelled : cancelled;
  BarrierPolicy_cancelled_early : cancelled_early;
  BarrierPolicy_index_order : IndexOrder;
  BarrierPolicy_abort_reaches : Reach;
  BarrierPolicy_n_waiting_counts : Reach
}.

Definition Make_BarrierPolicy (name : string) (cancelled : cancelled) (cancelled_early : cancelled_early)
    (index_order : IndexOrder) (abort_reaches : Reach) (n_waiting_counts : Reach) : BarrierPolicy :=
  Keep_BarrierPolicy name cancelled cancelled_early index_order abort_reaches n_waiting_counts.

Definition LATCHPROOF : BarrierPolicy :=
    Make_BarrierPolicy "latchproof" cancelled_withdraws cancelled_early_makes_no_call IndexOrder_arrival
    Reach_the_parked Reach_the_parked.

Definition POLICIES : list BarrierPolicy := [
  LATCHPROOF;
  (Make_BarrierPolicy "cpython" cancelled_withdraws cancelled_early_makes_no_call IndexOrder_any
      Reach_perhaps_the_released_too Reach_the_parked);
  (Make_BarrierPolicy "java" cancelled_breaks cancelled_early_breaks IndexOrder_reversed Reach_the_parked
      Reach_the_parked);
  (Make_BarrierPolicy "aiologic" cancelled_breaks cancelled_early_makes_no_call IndexOrder_arrival Reach_the_parked
      Reach_the_parked);
  (Make_BarrierPolicy "lenient" cancelled_withdraws cancelled_early_makes_no_call IndexOrder_any
      Reach_perhaps_the_released_too Reach_perhaps_the_released_too);
  (Make_BarrierPolicy "leader" cancelled_withdraws cancelled_early_makes_no_call IndexOrder_one_leads Reach_the_parked
      Reach_the_parked)
].

Definition BROKEN : list Error := [BrokenBarrierError].

Definition FAILED : string := "the barrier was aborted or reset while this task was parked at it".

Definition B0 : Rule := Make_Rule "B0" "create" Caller_returns Queue_stays 1 IndexOrder_arrival nil false.

Definition B0v : Rule := Make_Rule "B0v" "create" Caller_raises Queue_stays 1 IndexOrder_arrival [ValueError] false.

Definition B0t : Rule := Make_Rule "B0t" "create" Caller_raises Queue_stays 1 IndexOrder_arrival [TypeError] false.

Definition B1 : Rule := Make_Rule "B1" "wait" Caller_parks Queue_stays 1 IndexOrder_arrival nil false.

Definition B2 : Rule := Make_Rule "B2" "wait" Caller_returns_an_index Queue_indexed 1 IndexOrder_arrival nil false.

Definition B2r : Rule := Make_Rule "B2r" "wait" Caller_returns_an_index Queue_indexed 1 IndexOrder_reversed nil false.

Definition B2a : Rule := Make_Rule "B2a" "wait" Caller_returns_an_index Queue_indexed 1 IndexOrder_any nil false.

Definition B2l : Rule :=
    Make_Rule "B2l" "wait" Caller_returns_an_index Queue_indexed 1 IndexOrder_one_leads nil false.

Definition B3 : Rule := Make_Rule "B3" "wait" Caller_raises Queue_stays 1 IndexOrder_arrival BROKEN false.

Definition B4 : Rule := Make_Rule "B4" "withdraw" Caller_leaves Queue_stays 1 IndexOrder_arrival nil false.

Definition B4b : Rule := Make_Rule "B4b" "withdraw" Caller_leaves Queue_failed 1 IndexOrder_arrival BROKEN false.

Definition B4e : Rule := Make_Rule "B4e" "withdraw" Caller_leaves Queue_failed 1 IndexOrder_arrival BROKEN false.

Definition B5 : Rule := Make_Rule "B5" "withdraw" Caller_leaves Queue_stays 1 IndexOrder_arrival nil false.

Definition B5e : Rule := Make_Rule "B5e" "withdraw" Caller_leaves Queue_stays 1 IndexOrder_arrival nil false.

Definition B6 : Rule := Make_Rule "B6" "abort" Caller_returns Queue_failed 1 IndexOrder_arrival BROKEN false.

Definition B7 : Rule := Make_Rule "B7" "reset" Caller_returns Queue_failed 1 IndexOrder_arrival BROKEN false.

Definition invariant (parties : Z) (parked : Z) (broken : bool) : bool :=
  ((0 <=? parked) && (parked <? parties)) && ((Z.eqb parked 0) || (negb broken)).

Definition wait (parties : Z) (parked : Z) (broken : bool) (policy : BarrierPolicy) : (Z * bool * Rule) :=
  if broken then (parked, broken, B3)
  else if (parked + 1) <? parties then ((parked + 1), broken, B1)
  else if IndexOrder_beq (BarrierPolicy_index_order policy) IndexOrder_arrival then (0, broken, B2)
  else if IndexOrder_beq (BarrierPolicy_index_order policy) IndexOrder_reversed then (0, broken, B2r)
  else if IndexOrder_beq (BarrierPolicy_index_order policy) IndexOrder_any then (0, broken, B2a)
  else (0, broken, B2l).

Definition withdraw (parties : Z) (parked : Z) (broken : bool) (is_parked : bool) (has_arrived : bool)
    (policy : BarrierPolicy) : (Z * bool * Rule) :=
  if is_parked then
    if cancelled_beq (BarrierPolicy_cancelled policy) cancelled_withdraws then ((parked - 1), broken, B4)
    else (0, true, B4b)
  else if has_arrived then (parked, broken, B5)
  else if (cancelled_early_beq (BarrierPolicy_cancelled_early policy) cancelled_early_breaks) && (negb broken) then
      (0, true, B4e)
  else (parked, broken, B5e).

Definition abort (parties : Z) (parked : Z) (broken : bool) (policy : BarrierPolicy) : (Z * bool * Rule) :=
  (0, true, B6).

Definition reset (parties : Z) (parked : Z) (broken : bool) (policy : BarrierPolicy) : (Z * bool * Rule) :=
  (0, false, B7).

Definition create (parties : Number) : (Z * (Z * bool) * Rule) :=
  if negb (is_whole_number parties) then ((number parties), (0, false), B0t)
  else if (number parties) <? 1 then ((number parties), (0, false), B0v)
  else ((number parties), (0, false), B0).

Definition State : Set := (Z * bool)%type.

Inductive Operation : Set := Wait | Abort | Reset.

Definition operate (policy : BarrierPolicy) (parties : Z) (operation : Operation) (state : State) : State * Rule :=
  let '(parked, broken) := state in
  match operation with
  | Wait => wait parties parked broken policy
  | Abort => abort parties parked broken policy
  | Reset => reset parties parked broken policy
  end.

Definition withdrawal (policy : BarrierPolicy) (parties : Z) (call_is_parked : bool) (call_is_released : bool)
    (state : State) : State * Rule :=
  let '(parked, broken) := state in
  withdraw parties parked broken call_is_parked (call_is_parked || call_is_released) policy.

Definition reads_parties (parties : Z) (parked : Z) (broken : bool) : Z :=
  parties.

Definition counts_released_in_parties (policy : BarrierPolicy) : bool :=
  false.

Definition reads_n_waiting (parties : Z) (parked : Z) (broken : bool) : Z :=
  parked.

Definition counts_released_in_n_waiting (policy : BarrierPolicy) : bool :=
  negb (Reach_beq (BarrierPolicy_n_waiting_counts policy) Reach_the_parked).

Definition reads_broken (parties : Z) (parked : Z) (broken : bool) : bool :=
  broken.

Definition counts_released_in_broken (policy : BarrierPolicy) : bool :=
  false.

Definition reaches_released (policy : BarrierPolicy) (rule : Rule) : bool :=
  (Queue_beq (Rule_queue rule) Queue_failed) && (negb (Caller_beq (Rule_caller rule) Caller_leaves)) &&
      (negb (Reach_beq (BarrierPolicy_abort_reaches policy) Reach_the_parked)).

Definition RULES : list Rule := [B0; B0v; B0t; B1; B2; B2r; B2a; B2l; B3; B4; B4b; B4e; B5; B5e; B6; B7].

Definition machine (policy : BarrierPolicy) (parties : Z) (initial : State) : Machine := {|
  States := State;
  Operations := Operation;
  initially := initial;
  on_call := operate policy parties;
  on_withdrawal := withdrawal policy parties;
  withdraws_fresh := true;
  reaches := reaches_released policy
|}.
