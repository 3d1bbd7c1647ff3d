(* Rendered by `latchproof export latch --format coq`; do not edit. From
   latchproof_spec/latch/policies.py, latchproof_spec/latch/rules.py, latchproof_spec/latch/machine.py *)
From Coq Require Import ZArith List Bool String.
From Latchproof Require Import Py Step Machine.
Import ListNotations.
Local Open Scope string_scope.
Local Open Scope Z_scope.
Local Open Scope bool_scope.
Local Open Scope list_scope.

Inductive set_count_in_use : Set :=
    set_count_in_use_refuses | set_count_in_use_keeps | set_count_in_use_refuses_above_zero.
Scheme Equality for set_count_in_use.

Inductive over_counting : Set := over_counting_ignored | over_counting_raises.
Scheme Equality for over_counting.

Record LatchPolicy : Set := Keep_LatchPolicy {
  LatchPolicy_name : string;
  LatchPolicy_set_count_in_use : set_count_in_use;
  LatchPolicy_over_counting : over_counting
}.

Definition Make_LatchPolicy (name : string) (set_count_in_use : set_count_in_use) (over_counting : over_counting) :
    LatchPolicy :=
  Keep_LatchPolicy name set_count_in_use over_counting.

Definition LATCHPROOF : LatchPolicy := Make_LatchPolicy "latchproof" set_count_in_use_refuses over_counting_ignored.

Definition POLICIES : list LatchPolicy := [
  LATCHPROOF;
  (Make_LatchPolicy "keeps" set_count_in_use_keeps over_counting_ignored);
  (Make_LatchPolicy "aiologic" set_count_in_use_keeps over_counting_raises);
  (Make_LatchPolicy "rearms" set_count_in_use_refuses_above_zero over_counting_ignored)
].

Definition L1 : Rule := Make_Rule "L1" "count_down" Caller_returns Queue_stays 1 IndexOrder_arrival nil false.

Definition L2 : Rule := Make_Rule "L2" "count_down" Caller_returns Queue_released 1 IndexOrder_arrival nil false.

Definition L3 : Rule := Make_Rule "L3" "count_down" Caller_returns Queue_stays 1 IndexOrder_arrival nil true.

Definition L3x : Rule :=
    Make_Rule "L3x" "count_down" Caller_raises Queue_stays 1 IndexOrder_arrival [ZeroLatchError] false.

Definition L3p : Rule :=
    Make_Rule "L3p" "count_down" Caller_raises Queue_stays 1 IndexOrder_arrival [RuntimeError; ValueError] false.

Definition L4 : Rule := Make_Rule "L4" "set_count" Caller_raises Queue_stays 1 IndexOrder_arrival [ValueError] false.

Definition L4t : Rule := Make_Rule "L4t" "set_count" Caller_raises Queue_stays 1 IndexOrder_arrival [TypeError] false.

Definition L5 : Rule :=
    Make_Rule "L5" "set_count" Caller_raises Queue_stays 1 IndexOrder_arrival [LatchInUseError] false.

Definition L5z : Rule :=
    Make_Rule "L5z" "set_count" Caller_raises Queue_stays 1 IndexOrder_arrival [RuntimeError; ValueError] false.

Definition L5k : Rule := Make_Rule "L5k" "set_count" Caller_returns Queue_stays 1 IndexOrder_arrival nil false.

Definition L5r : Rule := Make_Rule "L5r" "set_count" Caller_returns Queue_released 1 IndexOrder_arrival nil false.

Definition L6 : Rule := Make_Rule "L6" "set_count" Caller_returns Queue_stays 1 IndexOrder_arrival nil false.

Definition L7 : Rule := Make_Rule "L7" "wait" Caller_returns Queue_stays 1 IndexOrder_arrival nil false.

Definition L8 : Rule := Make_Rule "L8" "wait" Caller_parks Queue_stays 1 IndexOrder_arrival nil false.

Definition L9 : Rule := Make_Rule "L9" "withdraw" Caller_leaves Queue_stays 1 IndexOrder_arrival nil false.

Definition L10 : Rule := Make_Rule "L10" "withdraw" Caller_leaves Queue_stays 1 IndexOrder_arrival nil false.

Definition invariant (count : Z) (parked : Z) : bool :=
  (0 <=? count) && (0 <=? parked) && ((0 <? count) || (Z.eqb parked 0)).

Definition count_down (count : Z) (parked : Z) (exception_if_zero : bool) (policy : LatchPolicy) : (Z * Z * Rule) :=
  if 1 <? count then ((count - 1), parked, L1)
  else if Z.eqb count 1 then (0, 0, L2)
  else if over_counting_beq (LatchPolicy_over_counting policy) over_counting_raises then (count, parked, L3p)
  else if exception_if_zero then (count, parked, L3x)
  else (count, parked, L3).

Definition set_count (count : Z) (parked : Z) (n : Number) (policy : LatchPolicy) : (Z * Z * Rule) :=
  if negb (is_whole_number n) then (count, parked, L4t)
  else if (set_count_in_use_beq (LatchPolicy_set_count_in_use policy) set_count_in_use_refuses_above_zero) &&
      (0 <? count) then (count, parked, L5z)
  else if (number n) <? 0 then (count, parked, L4)
  else if Z.eqb parked 0 then ((number n), parked, L6)
  else if set_count_in_use_beq (LatchPolicy_set_count_in_use policy) set_count_in_use_refuses then (count, parked, L5)
  else if Z.eqb (number n) 0 then (0, 0, L5r)
  else ((number n), parked, L5k).

Definition wait (count : Z) (parked : Z) (policy : LatchPolicy) : (Z * Z * Rule) :=
  if 0 <? count then (count, (parked + 1), L8)
  else (count, parked, L7).

Definition withdraw (count : Z) (parked : Z) (is_parked : bool) (policy : LatchPolicy) : (Z * Z * Rule) :=
  if is_parked then (count, (parked - 1), L9)
  else (count, parked, L10).

Definition create (count : Number) : (unit * (Z * Z) * Rule) :=
  let '(new_count, parked, rule) := set_count 0 0 count LATCHPROOF in
  (tt, (new_count, parked), rule).

Definition State : Set := (Z * Z)%type.

Inductive Operation : Set := Wait | CountDown (exception_if_zero : bool) | SetCount (n : Number).

Definition operate (policy : LatchPolicy) (operation : Operation) (state : State) : State * Rule :=
  let '(count, parked) := state in
  match operation with
  | Wait => wait count parked policy
  | CountDown exception_if_zero => count_down count parked exception_if_zero policy
  | SetCount n => set_count count parked n policy
  end.

Definition withdrawal (policy : LatchPolicy) (call_is_parked : bool) (call_is_released : bool) (state : State) : State
    * Rule :=
  let '(count, parked) := state in
  withdraw count parked call_is_parked policy.

Definition reads_count (count : Z) (parked : Z) : Z :=
  count.

Definition counts_released_in_count (policy : LatchPolicy) : bool :=
  false.

Definition reads_is_open (count : Z) (parked : Z) : bool :=
  Z.eqb count 0.

Definition counts_released_in_is_open (policy : LatchPolicy) : bool :=
  false.

Definition reads_n_waiting (count : Z) (parked : Z) : Z :=
  parked.

Definition counts_released_in_n_waiting (policy : LatchPolicy) : bool :=
  negb (set_count_in_use_beq (LatchPolicy_set_count_in_use policy) set_count_in_use_refuses).

Definition reaches_released (policy : LatchPolicy) (rule : Rule) : bool :=
  false.

Definition RULES : list Rule := [L1; L2; L3; L3x; L3p; L4; L4t; L5; L5z; L5k; L5r; L6; L7; L8; L9; L10].

Definition machine (policy : LatchPolicy) (initial : State) : Machine := {|
  States := State;
  Operations := Operation;
  initially := initial;
  on_call := operate policy;
  on_withdrawal := withdrawal policy;
  withdraws_fresh := false;
  reaches := reaches_released policy
|}.
