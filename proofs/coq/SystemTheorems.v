(* The claims about every machine hold. *)
From Coq Require Import ZArith List Bool Lia Arith.
From Latchproof Require Import Py Step Machine System Lists SystemProof SystemClaims.
Import ListNotations.

Section Fair.
Context {M : Machine}.
Implicit Types s : System M.

(* A run that comes to s0 and then, at some time, stands still in s. *)
Definition passes s0 s : Prop := exists (r : Run M) acts (t u : nat), is_run r acts /\ r t = s0 /\ t <= u /\
  forall n, u <= n -> r n = s /\ acts n = None.

Lemma passes_step s0 s w a s' : passes s0 s -> step s w a s' -> passes s0 s'.
Proof.
  intros (r & acts & t & u & [R0 R] & E & L & Z) S.
  exists (fun n => if n <=? u then r n else s'),
    (fun n => if n <? u then acts n else if n =? u then Some (w, a) else None), t, (Datatypes.S u).
  split; [split|split; [|split]].
  - assumption.
  - intro n. destruct (Nat.ltb_spec n u) as [A|A].
    + rewrite (proj2 (Nat.leb_le n u)), (proj2 (Nat.leb_le (Datatypes.S n) u)) by lia. apply R.
    + destruct (Nat.eqb_spec n u) as [->|B].
      * rewrite Nat.leb_refl, (proj2 (Nat.leb_gt (Datatypes.S u) u)) by lia. destruct (Z u (le_n u)) as [-> _]. exact S.
      * rewrite (proj2 (Nat.leb_gt n u)), (proj2 (Nat.leb_gt (Datatypes.S n) u)) by lia. reflexivity.
  - rewrite (proj2 (Nat.leb_le t u)) by lia. assumption.
  - lia.
  - intros n A. rewrite (proj2 (Nat.leb_gt n u)), (proj2 (Nat.ltb_ge n u)), (proj2 (Nat.eqb_neq n u)) by lia. auto.
Qed.

Lemma passes_itself s : reachable s -> passes s s.
Proof.
  induction 1 as [|s w a s' R IH S].
  - exists (fun _ => start M), (fun _ => None), 0, 0. repeat split; auto.
  - destruct (passes_step _ _ _ _ _ IH S) as (r & acts & t & u & Run & _ & _ & Z).
    exists r, acts, u, u. repeat split; auto; try apply Run; now apply Z.
Qed.

(* Let the calls of a list continue, one after the other. *)
Lemma drain s0 l : forall s, passes s0 s -> exists s', passes s0 s' /\
  forall c e, status s' c = Released e -> status s c = Released e /\ ~ In c l.
Proof.
  induction l as [|d l IH]; intros s P; [exists s; intuition|].
  destruct (status s d) as [| |e|e|] eqn:D.
  3: { destruct (IH _ (passes_step _ _ _ _ _ P (step_continue _ _ _ _ D))) as (s' & P' & K). exists s'. split;
    [assumption|].
       intros c e' C. destruct (K _ _ C) as [K1 K2]. cbn in K1. destruct (Z.eqb_spec c d); [easy|].
       split; [assumption|]. intros [->|]; easy. }
  all: destruct (IH _ P) as (s' & P' & K); exists s'; split; [assumption|];
    intros c e' C; destruct (K _ _ C) as [K1 K2]; split; [assumption|]; intros [->|]; [congruence | easy].
Qed.

Theorem fair_runs_pass_everywhere s : reachable s -> exists r acts n, is_run r acts /\ weakly_fair r acts /\ r n = s.
Proof.
  intro R. pose (moved := given (log s) ++ flat_map reached (log s)).
  destruct (drain s moved s (passes_itself _ R)) as (s' & (r & acts & t & u & Run & E & L & Z) & K).
  exists r, acts, t. split; [assumption|]. split; [|assumption].
  intros c n. exists (Nat.max n u). split; [lia|]. right. intros e H.
  destruct (Z (Nat.max n u)) as [X _]; [lia|]. rewrite X in H. destruct (K _ _ H) as [K1 K2]. apply K2.
  destruct (ended_by _ R c e (or_introl K1)) as (m & I & G). apply in_app_iff.
  destruct G as [G|[G _]]; [left|right]; apply in_flat_map; exists m; split; auto. now apply (in_map fst) in G.
Qed.
End Fair.

Theorem total : Total.
Proof. red. intros. now apply every_call_takes_effect. Qed.
Theorem fair_runs : FairRuns.
Proof. red. intros. now apply fair_runs_pass_everywhere. Qed.
Theorem fair_runs_continue : FairRunsContinue.
Proof.
  intros M r acts Fair c n H. destruct (Fair c n) as (m & L & [F|F]); destruct (H m L) as [[e E] N];
    [easy | now apply F in E].
Qed.
