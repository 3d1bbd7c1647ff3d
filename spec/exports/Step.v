(* Rendered by `latchproof export latch --format coq-step`; do not edit. From
   latchproof_spec/step.py *)
From Coq Require Import ZArith List Bool String.
From Latchproof Require Import Py.
Import ListNotations.
Local Open Scope string_scope.
Local Open Scope Z_scope.
Local Open Scope bool_scope.
Local Open Scope list_scope.

Inductive Error : Set :=
    ValueError | TypeError | RuntimeError | IndexError | LatchInUseError | ZeroLatchError | BrokenBarrierError.
Scheme Equality for Error.

Inductive Ending : Set := Ends_index (index : Z) | Ends_error (error : Error) | Ends_plainly.

Inductive Caller : Set := Caller_parks | Caller_returns | Caller_returns_an_index | Caller_raises | Caller_leaves.
Scheme Equality for Caller.

Inductive Queue : Set := Queue_stays | Queue_released | Queue_first | Queue_indexed | Queue_failed.
Scheme Equality for Queue.

Inductive IndexOrder : Set := IndexOrder_arrival | IndexOrder_reversed | IndexOrder_any | IndexOrder_one_leads.
Scheme Equality for IndexOrder.

Definition ANY_INDEX : Z := -1.

Record Rule : Set := Keep_Rule {
  Rule_id : string;
  Rule_operation : string;
  Rule_caller : Caller;
  Rule_queue : Queue;
  Rule_first : Z;
  Rule_order : IndexOrder;
  Rule_errors : list Error;
  Rule_refuses : bool;
  Rule_heeds_parked : bool;
  Rule_warns : bool
}.

Definition Make_Rule (id : string) (operation : string) (caller : Caller) (queue : Queue) (first : Z)
    (order : IndexOrder) (errors : list Error) (warns : bool) : Rule :=
  Keep_Rule id operation caller queue first order errors (Caller_beq caller Caller_raises)
      ((Caller_beq caller Caller_raises) || (negb (Queue_beq queue Queue_stays))) warns.

Definition endings (rule : Rule) (parked : Z) : list Ending :=
  if Queue_beq (Rule_queue rule) Queue_stays then nil
  else if (Queue_beq (Rule_queue rule) Queue_released) || (Queue_beq (Rule_queue rule) Queue_first) then
      py_times Ends_plainly parked
  else if Queue_beq (Rule_queue rule) Queue_failed then
      py_times (Ends_error (nth 0 (Rule_errors rule) IndexError)) parked
  else if IndexOrder_beq (Rule_order rule) IndexOrder_arrival then map Ends_index (py_range 0 parked)
  else if IndexOrder_beq (Rule_order rule) IndexOrder_reversed then map Ends_index (py_range_down parked 0)
  else py_times (Ends_index ANY_INDEX) parked.

Definition caller_ending (rule : Rule) (parked : Z) : Ending :=
  if Caller_beq (Rule_caller rule) Caller_raises then Ends_error (nth 0 (Rule_errors rule) IndexError)
  else if negb (Caller_beq (Rule_caller rule) Caller_returns_an_index) then Ends_plainly
  else if IndexOrder_beq (Rule_order rule) IndexOrder_arrival then Ends_index parked
  else if IndexOrder_beq (Rule_order rule) IndexOrder_reversed then (Ends_index 0) else (Ends_index ANY_INDEX).

Definition apply (rule : Rule) (queue : list Call) (who : Call) : (list Call * list (Call * Ending)) :=
  if Caller_beq (Rule_caller rule) Caller_parks then
    let queue := queue ++ [who] in
    (queue, nil)
  else let queue := if (Caller_beq (Rule_caller rule) Caller_leaves) && (py_in who queue) then
    let place := py_index who queue in
    let queue := (py_upto place queue) ++ (py_from (place + 1) queue) in
    queue
  else queue in
  let first := Rule_first rule in
  let reached := if Queue_beq (Rule_queue rule) Queue_first then (py_upto first queue) else queue in
  let resumed := combine reached (endings rule (py_len reached)) in
  let resumed :=
      if (Caller_beq (Rule_caller rule) Caller_returns) || (Caller_beq (Rule_caller rule) Caller_returns_an_index) ||
      (Caller_beq (Rule_caller rule) Caller_raises) then
    let resumed := resumed ++ [(who, (caller_ending rule (py_len queue)))] in
    resumed
  else resumed in
  if Queue_beq (Rule_queue rule) Queue_first then ((py_from first queue), resumed)
  else ((if Queue_beq (Rule_queue rule) Queue_stays then queue else nil), resumed).
