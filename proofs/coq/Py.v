(* What the rendered text takes from Python: lists for tuples, and whole numbers. Written by hand, so it is trusted, as
   the exporter is; a test compares it with Python.

   Two operations are partial in Python and total here. `errors[0]` of no errors is IndexError; `queue.index(x)` where x
   is not in the queue is its length. Python raises in both cases. *)
From Coq Require Import ZArith List Bool.
Import ListNotations.
Local Open Scope Z_scope.

(* The identity of a call. Calls are never made twice. *)
Definition Call : Set := Z.

(* What a caller may give in place of an int: whether it is one (a bool is not), and which. *)
Record Number : Set := { is_whole_number : bool; number : Z }.

Definition py_len {A} (l : list A) : Z := Z.of_nat (length l).
Definition py_times {A} (x : A) (n : Z) : list A := repeat x (Z.to_nat n).
Definition py_range (start stop : Z) : list Z := map (fun k => start + Z.of_nat k) (seq 0 (Z.to_nat (stop - start))).
Definition py_range_down (start stop : Z) : list Z :=
  map (fun k => start - Z.of_nat k) (seq 0 (Z.to_nat (start - stop))).
Definition py_in (x : Call) (l : list Call) : bool := existsb (Z.eqb x) l.
Fixpoint py_index (x : Call) (l : list Call) : Z :=
  match l with nil => 0 | y :: r => if x =? y then 0 else 1 + py_index x r end.
(* A bound of a slice counts from the end if it is negative. *)
Definition py_bound {A} (n : Z) (l : list A) : nat := Z.to_nat (if n <? 0 then py_len l + n else n).
Definition py_upto {A} (n : Z) (l : list A) : list A := firstn (py_bound n l) l.
Definition py_from {A} (n : Z) (l : list A) : list A := skipn (py_bound n l) l.

#[global] Arguments Z.add : simpl never.
#[global] Arguments Z.sub : simpl never.
#[global] Arguments Z.of_nat : simpl never.
#[global] Arguments Z.to_nat : simpl never.
#[global] Arguments Z.eqb : simpl never.
#[global] Arguments Z.ltb : simpl never.
#[global] Arguments Z.leb : simpl never.
#[global] Arguments Z.max : simpl never.
