(* A machine together with any number of calls: its states, its steps, its runs. Definitions alone; what holds of every
   machine stands in SystemProof.v.

   Each step is a call taking effect, the withdrawal of a call (its task is cancelled, or times out), or a released call
   that continues. The machine's functions and `apply` say what a step does; the host chooses which step is next. *)
From Coq Require Import ZArith List Bool Permutation.
From Latchproof Require Import Py Step Machine.
Import ListNotations.
Local Open Scope Z_scope.

(* How far a call is: not made, parked, let go with an ending, returned or raised with it, or withdrawn. *)
Inductive Status : Set := Fresh | Parked | Released (e : Ending) | Done (e : Ending) | Left.

(* ANY_INDEX stands for an index that the rule leaves open. The calls of a generation that are told it are given 0, 1,
   2, ... in any order. *)
Definition is_open (e : Ending) : bool := match e with Ends_index i => i =? ANY_INDEX | _ => false end.
Fixpoint choose (indices : list Z) (told : list (Call * Ending)) : list (Call * Ending) :=
  match told, indices with
  | nil, _ => nil
  | (c, e) :: rest, i :: others =>
      if is_open e then (c, Ends_index i) :: choose others rest else (c, e) :: choose indices rest
  | _, nil => told
  end.
Definition chosen (told given : list (Call * Ending)) : Prop :=
  exists indices, Permutation indices (py_range 0 (py_len (filter (fun p => is_open (snd p)) told))) /\
    given = choose indices told.

(* The first list is the second without some of its items. *)
Inductive subseq {A} : list A -> list A -> Prop :=
| sub_nil : subseq nil nil
| sub_keep x a b : subseq a b -> subseq (x :: a) (x :: b)
| sub_skip x a b : subseq a b -> subseq a (x :: b).

Section System.
Variable M : Machine.

Inductive Action := Calls (op : Operations M) | Withdraws | Continues.

(* One step of the machine, as it is remembered: which call made it, by which rule, the state before and after, the
   calls that were parked before, those that it lets continue, each with its ending, and the released calls that it
   fails. *)
Record Moment := { who : Call; action : Action; rule : Rule; before : States M; after : States M;
                   queue_before : list Call; resumed : list (Call * Ending); reached : list Call }.

(* The log has all moments, the newest first. *)
Record System := { state : States M; queue : list Call; status : Call -> Status; log : list Moment }.

Definition start : System := {| state := initially M; queue := nil; status := fun _ => Fresh; log := nil |}.

(* The ending that a call is given; None if it is given none. *)
Definition given_to (c : Call) (given : list (Call * Ending)) : option Ending :=
  option_map snd (find (fun p => fst p =? c) given).

Definition error_of (r : Rule) : Ending := Ends_error (nth 0 (Rule_errors r) IndexError).

(* A caller that is given an ending has ended. The others are released, and continue in a step of their own. *)
Definition status_after (r : Rule) (w : Call) (given : list (Call * Ending)) (failed : list Call)
    (old : Call -> Status) (c : Call) : Status :=
  match given_to c given with
  | Some e => if c =? w then Done e else Released e
  | None =>
      if c =? w then match Rule_caller r with Caller_parks => Parked | Caller_leaves => Left | _ => old c end
      else if py_in c failed then Released (error_of r) else old c
  end.

Definition perform (s : System) (w : Call) (a : Action) (result : States M * Rule) (given : list (Call * Ending))
    (failed : list Call) : System :=
  let (st, r) := result in
  {| state := st; queue := fst (apply r (queue s) w); status := status_after r w given failed (status s);
     log := {| who := w; action := a; rule := r; before := state s; after := st; queue_before := queue s;
               resumed := given; reached := failed |} :: log s |}.

(* What the host may choose: the indices that are open, and which released calls are failed, if the rule may. *)
Definition allowed (s : System) (w : Call) (r : Rule) (given : list (Call * Ending)) (failed : list Call) : Prop :=
  chosen (snd (apply r (queue s) w)) given /\
  forall c, In c failed -> reaches M r = true /\ c <> w /\ exists i, status s c = Released (Ends_index i).

Definition is_parked (s : System) (w : Call) : bool := match status s w with Parked => true | _ => false end.
Definition is_released (s : System) (w : Call) : bool := match status s w with Released _ => true | _ => false end.
Definition is_withdrawn_by (s : System) (w : Call) : States M * Rule :=
  on_withdrawal M (is_parked s w) (is_released s w) (state s).
Definition may_be_withdrawn (s : System) (w : Call) : Prop :=
  status s w = Parked \/ (exists e, status s w = Released e) \/ status s w = Fresh /\ withdraws_fresh M = true.

Definition continued (s : System) (w : Call) (e : Ending) : System :=
  {| state := state s; queue := queue s; log := log s; status := fun c => if c =? w then Done e else status s c |}.

Inductive step (s : System) (w : Call) : Action -> System -> Prop :=
| step_call op given failed : status s w = Fresh -> allowed s w (snd (on_call M op (state s))) given failed ->
    step s w (Calls op) (perform s w (Calls op) (on_call M op (state s)) given failed)
| step_withdraw given failed : may_be_withdrawn s w -> allowed s w (snd (is_withdrawn_by s w)) given failed ->
    step s w Withdraws (perform s w Withdraws (is_withdrawn_by s w) given failed)
| step_continue e : status s w = Released e -> step s w Continues (continued s w e).

Inductive reachable : System -> Prop :=
| reach_start : reachable start
| reach_step s w a s' : reachable s -> step s w a s' -> reachable s'.

(* The calls of a log that have arrived, in order of arrival; those withdrawn; those that were given an ending. *)
Definition arrived (m : Moment) : list Call :=
  match Rule_caller (rule m) with Caller_parks | Caller_returns_an_index => [who m] | _ => nil end.
Fixpoint arrivals (l : list Moment) : list Call := match l with nil => nil | m :: r => arrivals r ++ arrived m end.
Definition withdrawn (l : list Moment) : list Call :=
  flat_map (fun m => match action m with Withdraws => [who m] | _ => nil end) l.
Definition given (l : list Moment) : list Call := flat_map (fun m => map fst (resumed m)) l.

(* Runs without end: a system at each time, and the action that leads to the next, if there is one. *)
Definition Run := nat -> System.
Definition Actions := nat -> option (Call * Action).
Definition is_run (r : Run) (acts : Actions) : Prop :=
  r 0%nat = start /\
  forall n, match acts n with Some (w, a) => step (r n) w a (r (S n)) | None => r (S n) = r n end.

(* Weak fairness, for each call by itself: again and again it continues, or is not released. So a call that is released
   from some time on for ever continues. Nothing else has to happen at all. *)
Definition weakly_fair (r : Run) (acts : Actions) : Prop :=
  forall c n, exists m, (n <= m)%nat /\
    (acts m = Some (c, Continues) \/ forall e, status (r m) c <> Released e).

(* From time n on, the call continues with an ending of which P is true, or is cancelled. *)
Definition continues_or_is_cancelled (r : Run) (acts : Actions) (n : nat) (c : Call) (P : Ending -> Prop) : Prop :=
  exists m, (n <= m)%nat /\
    ((exists e, status (r m) c = Done e /\ P e) \/
     status (r m) c = Left /\ exists k, (n <= k)%nat /\ acts k = Some (c, Withdraws)).
End System.
Arguments Calls {M} & op.
Arguments Withdraws {M}.
Arguments Continues {M}.
Arguments who {M} _.
Arguments action {M} _.
Arguments rule {M} _.
Arguments before {M} _.
Arguments after {M} _.
Arguments queue_before {M} _.
Arguments resumed {M} _.
Arguments reached {M} _.
Arguments state {M} _.
Arguments queue {M} _.
Arguments status {M} _ _.
Arguments log {M} _.
Arguments perform {M} _ _ _ _ _ _.
Arguments allowed {M} _ _ _ _ _.
Arguments is_parked {M} _ _.
Arguments is_released {M} _ _.
Arguments is_withdrawn_by {M} _ _.
Arguments may_be_withdrawn {M} _ _.
Arguments continued {M} _ _ _.
Arguments step {M} _ _ _ _.
Arguments reachable {M} _.
Arguments arrived {M} _.
Arguments arrivals {M} _.
Arguments withdrawn {M} _.
Arguments given {M} _.
Arguments is_run {M} _ _.
Arguments weakly_fair {M} _ _.
Arguments continues_or_is_cancelled {M} _ _ _ _ _.
