(* The judge accepts a history exactly if some run of the system shows it: `exact`, at the end.

   A configuration is what the judge keeps of a system: `kept`. Its moves are the system's unseen steps, and an event is
   permitted in it exactly if it is seen in the system. Each move makes a configuration lighter, so enough are made. *)
From Coq Require Import ZArith List Bool Lia Permutation.
From Latchproof Require Import Py Step Machine System Histories Judge.
Import ListNotations.
Local Open Scope Z_scope.

Lemma py_in_true c l : py_in c l = true <-> In c l.
Proof.
  unfold py_in. rewrite existsb_exists. split.
  - intros (x & I & E). apply Z.eqb_eq in E. now subst.
  - intro I. exists c. split; [assumption | apply Z.eqb_refl].
Qed.
Lemma py_in_false c l : py_in c l = false <-> ~ In c l.
Proof. rewrite <- py_in_true. destruct (py_in c l); intuition congruence. Qed.

(* ---- permutations ---- *)
Lemma in_inserted {A} (x : A) l p : In p (inserted x l) <-> exists l1 l2, l = l1 ++ l2 /\ p = l1 ++ x :: l2.
Proof.
  revert p. induction l as [|y l IH]; intro p; cbn.
  - split.
    + intros [<-|[]]. now exists nil, nil.
    + intros ([|] & l2 & E & ->); [cbn in E; subst; now left | easy].
  - rewrite in_map_iff. split.
    + intros [<-|(q & <- & I)]; [now exists nil, (y :: l)|].
      apply IH in I as (l1 & l2 & -> & ->). now exists (y :: l1), l2.
    + intros ([|z l1] & l2 & E & ->); cbn in E; [subst; now left|]. inversion E; subst. right.
      exists (l1 ++ x :: l2). split; [easy|]. apply IH. eauto.
Qed.
Lemma in_permutations {A} (l p : list A) : In p (permutations l) <-> Permutation p l.
Proof.
  revert p. induction l as [|x l IH]; intro p; cbn.
  - split; [intros [<-|[]]; constructor | intro P; left; apply Permutation_sym, Permutation_nil in P; now subst].
  - rewrite in_flat_map. split.
    + intros (q & I & J). apply IH in I. apply in_inserted in J as (l1 & l2 & -> & ->).
      eapply Permutation_trans; [apply Permutation_sym, Permutation_middle | now apply perm_skip].
    + intro P. assert (I : In x p) by (eapply Permutation_in; [apply Permutation_sym, P | now left]).
      apply in_split in I as (l1 & l2 & ->). exists (l1 ++ l2). split; [|apply in_inserted; eauto].
      apply IH. apply Permutation_cons_inv with (a := x). eapply Permutation_trans; [apply Permutation_middle | exact P].
Qed.
Lemma in_choices told given : In given (choices told) <-> chosen told given.
Proof.
  unfold choices, chosen. rewrite in_map_iff. split.
  - intros (is & <- & I). apply in_permutations in I. eauto.
  - intros (is & P & ->). exists is. split; [easy | now apply in_permutations].
Qed.
Lemma names_choose told : forall indices, map fst (choose indices told) = map fst told.
Proof. induction told as [|[c e] l IH]; intros [|i is]; cbn; auto. destruct (is_open e); cbn; now rewrite IH. Qed.
Lemma names_chosen told given : chosen told given -> map fst given = map fst told.
Proof. intros (is & _ & ->). apply names_choose. Qed.

(* ---- what `apply` gives, and to which calls ---- *)
Lemma in_firstn {A} (x : A) n l : In x (firstn n l) -> In x l.
Proof. revert l; induction n; destruct l; cbn; intuition. Qed.
Lemma in_skipn {A} (x : A) n l : In x (skipn n l) -> In x l.
Proof. revert l; induction n; destruct l; cbn; intuition. Qed.

Definition within_queue (q : list Call) (w : Call) (l : list Call) : Prop := forall c, In c l -> c = w \/ In c q.

Lemma rest_within r q q1 w extra : within_queue q w q1 -> within_queue q w (map fst extra) ->
  let few := if Queue_beq (Rule_queue r) Queue_first then py_upto (Rule_first r) q1 else q1 in
  let few := if Queue_beq (Rule_queue r) Queue_first then py_upto (Rule_first r) q1 else q1 in
  let resumed := combine few (endings r (py_len few)) ++ extra in
  let result := if Queue_beq (Rule_queue r) Queue_first then (py_from (Rule_first r) q1, resumed)
                else (if Queue_beq (Rule_queue r) Queue_stays then q1 else nil, resumed) in
  within_queue q w (fst result) /\ within_queue q w (map fst (snd result)).
Proof.
  intros Q X. cbn zeta. set (few := if Queue_beq (Rule_queue r) Queue_first then py_upto (Rule_first r) q1 else q1).
  assert (R : within_queue q w (map fst (combine few (endings r (py_len few)) ++ extra))).
  { intros c I. rewrite map_app in I. apply in_app_iff in I as [I|I]; [|auto]. apply Q.
    apply in_map_iff in I as ([c' e] & <- & I). apply in_combine_l in I. cbn. unfold few, py_upto in I.
    destruct (Queue_beq _ _); eauto using in_firstn. }
  destruct (Queue_beq _ _); cbn [fst snd]; split; try assumption.
  - intros c I. apply Q. unfold py_from in I. eauto using in_skipn.
  - destruct (Queue_beq _ _); [assumption | intros c []].
Qed.

Lemma apply_within r q w : within_queue q w (fst (apply r q w)) /\ within_queue q w (map fst (snd (apply r q w))).
Proof.
  assert (Q : within_queue q w q) by (intros c I; now right).
  assert (W : forall e : Ending, within_queue q w (map fst [(w, e)])) by (intros e c [<-|[]]; now left).
  unfold apply. destruct (Rule_caller r).
  - split; cbn; intros c I; [apply in_app_iff in I as [I|[->|[]]]; auto | easy].
  - exact (rest_within r q q w _ Q (W _)).
  - exact (rest_within r q q w _ Q (W _)).
  - exact (rest_within r q q w _ Q (W _)).
  - rewrite <- (app_nil_r (combine _ _)). apply rest_within; [|intros c []]. cbn [andb Caller_beq].
    intros c I. right. destruct (py_in w q); [|assumption]. unfold py_upto, py_from in I.
    apply in_app_iff in I as [I|I]; eauto using in_firstn, in_skipn.
Qed.

Lemma given_to_some c (g : list (Call * Ending)) : In c (map fst g) -> given_to c g <> None.
Proof.
  unfold given_to. intros I N. destruct (find (fun p => fst p =? c) g) eqn:F; [easy|].
  apply in_map_iff in I as ((c', e) & E & I). cbn in E. subst.
  pose proof (find_none _ _ F _ I) as X. cbn in X. now rewrite Z.eqb_refl in X.
Qed.
Lemma given_to_in c (g : list (Call * Ending)) e : given_to c g = Some e -> In c (map fst g).
Proof.
  unfold given_to. destruct (find (fun p => fst p =? c) g) as [[c' e']|] eqn:F; [|easy]. intro. apply find_some in F as [F E].
  cbn in E. apply Z.eqb_eq in E. subst. now apply (in_map fst) in F.
Qed.
(* A caller that neither parks nor leaves is given its ending. *)
Lemma caller_is_given r q w : Rule_caller r <> Caller_parks -> Rule_caller r <> Caller_leaves ->
  In w (map fst (snd (apply r q w))).
Proof.
  intros P L. unfold apply. destruct (Rule_caller r) eqn:E; try easy; cbn.
  all: destruct (Queue_beq (Rule_queue r) Queue_first); cbn; rewrite map_app, in_app_iff; cbn; auto.
Qed.

Set Default Proof Using "Type".
Section Exact.
Variable M : Machine.
Variable waits : Operations M -> bool.
Variable observe : Z -> States M -> Value.
Variable counts_released : Z -> bool.
Variable compared : bool.
Variable State_eq_dec : forall a b : States M, {a = b} + {a <> b}.
Variable Op_eq_dec : forall a b : Operations M, {a = b} + {a <> b}.
Hypothesis withdrawals_leave : forall is_parked is_released st,
  Rule_caller (snd (on_withdrawal M is_parked is_released st)) = Caller_leaves.

Notation Op := (Operations M).
Notation Configuration := (Configuration M).
Notation moves := (moves M waits).
Notation reach := (reach M waits State_eq_dec Op_eq_dec).
Notation within := (within M waits State_eq_dec Op_eq_dec).
Notation permitted := (permitted M waits observe counts_released compared).
Notation judge_event := (judge_event M waits observe counts_released compared State_eq_dec Op_eq_dec).
Notation unseen := (unseen M waits).
Notation seen_after := (seen_after M waits).
Notation sees := (sees M waits observe counts_released compared).
Notation shows := (shows M waits observe counts_released compared).
Notation given_in := (given_in M).

(* ---- a configuration is what the judge keeps of a system ---- *)
Definition fate_of (s : System M) (p : Call * Op) : Fate Op :=
  match status s (fst p) with
  | Fresh => New (snd p)
  | Parked => Waiting
  | Released _ | Done _ => Given_ending (given_in (log s) (fst p))
  | Left => Withdrawn
  end.
Definition kept (s : System M) (b : Seen Op) : Configuration :=
  {| now := state s; waiting := queue s; fates := map (fun p => (fst p, fate_of s p)) (under_way b) |}.

Lemma kept_continued s w e b : status s w = Released e -> kept (continued s w e) b = kept s b.
Proof.
  intro H. unfold kept; cbn. f_equal. apply map_ext. intro p. f_equal. unfold fate_of; cbn.
  destruct (fst p =? w) eqn:E; [|easy]. apply Z.eqb_eq in E. subst. now rewrite H.
Qed.

Definition after_step (x : Configuration) (w : Call) (result : States M * Rule) (given : list (Call * Ending)) : Configuration :=
  {| now := fst result; waiting := fst (apply (snd result) (waiting x) w);
     fates := map (fate_after M (snd result) w given) (fates x) |}.

Lemma in_taken x w result y : In y (taken M x w result) <->
  exists given, chosen (snd (apply (snd result) (waiting x) w)) given /\ y = after_step x w result given.
Proof.
  destruct result as [st r]. unfold taken, after_step; cbn. destruct (apply r (waiting x) w) as [q told]; cbn.
  rewrite in_map_iff. split.
  - intros (given & <- & I). apply in_choices in I. eauto.
  - intros (given & C & ->). exists given. split; [easy | now apply in_choices].
Qed.

Lemma kept_perform s w a result given b :
  kept (perform s w a result given nil) b = after_step (kept s b) w result given.
Proof.
  destruct result as [st r]. unfold kept, after_step, perform; cbn. f_equal. rewrite map_map. apply map_ext. intros [c op].
  unfold fate_after, fate_of; cbn. f_equal. unfold status_after.
  destruct (given_to c given) as [e|] eqn:G.
  - now destruct (c =? w).
  - destruct (c =? w); [destruct (Rule_caller r)|]; cbn; now destruct (status s c).
Qed.

Lemma log_perform (s : System M) w a result given failed : exists m : Moment M,
  log (perform s w a result given failed) = m :: log s /\ reached m = failed.
Proof. destruct result as [st r]. unfold perform; cbn. eauto. Qed.

(* ---- the judge's moves are the system's unseen steps ---- *)
Lemma in_fates s b c f : In (c, f) (fates (kept s b)) <-> exists op, is_under_way b c op /\ f = fate_of s (c, op).
Proof.
  unfold kept; cbn. rewrite in_map_iff. split.
  - intros ([c' op] & E & I). inversion E; subst. now exists op.
  - intros (op & I & ->). now exists (c, op).
Qed.

Lemma nothing_failed (s : System M) w a result given : forall m, log (perform s w a result given nil) = m :: log s -> reached m = nil.
Proof. intros m E. destruct (log_perform s w a result given nil) as (m' & E' & R). congruence. Qed.

Lemma none_failed (s : System M) w r given : chosen (snd (apply r (queue s) w)) given -> allowed s w r given nil.
Proof. intro C. split; [assumption | intros c []]. Qed.

Lemma a_move s b y : In y (moves b (kept s b)) ->
  exists c a s', step s c a s' /\ unseen b s c a s' /\ y = kept s' b.
Proof.
  unfold moves. intro I. apply in_flat_map in I as ((c, f) & F & I). apply in_fates in F as (op & O & ->).
  unfold moves_of, fate_of in I; cbn in I. destruct (status s c) eqn:S; cbn in I; try easy.
  - apply in_app_iff in I as [I|I].
    + destruct (is_too_late _ _ _ _ _ _) eqn:L; [easy|]. apply in_taken in I as (given & C & ->).
      exists c, (Calls op). eexists. split; [apply step_call; [assumption | apply none_failed; exact C]|].
      split; [|now rewrite kept_perform]. split; [easy | apply nothing_failed].
    + destruct (may_withdraw b c && withdraws_early M waits op) eqn:W; [|easy]. apply andb_prop in W as [W E].
      apply in_taken in I as (given & C & ->). assert (X : is_withdrawn_by s c = on_withdrawal M false false (state s)).
      { unfold is_withdrawn_by, is_parked, is_released. now rewrite S. }
      exists c, Withdraws. eexists. split.
      * apply step_withdraw with (failed := nil); [right; right; split; [assumption|] | apply none_failed; rewrite X; exact C].
        unfold withdraws_early in E. now apply andb_prop in E.
      * split; [|now rewrite kept_perform, X]. split; [|apply nothing_failed]. split; [assumption | exists op; auto].
  - destruct (may_withdraw b c) eqn:W; [|easy]. apply in_taken in I as (given & C & ->).
    assert (X : is_withdrawn_by s c = on_withdrawal M true false (state s)).
    { unfold is_withdrawn_by, is_parked, is_released. now rewrite S. }
    exists c, Withdraws. eexists. split.
    + apply step_withdraw with (failed := nil); [now left | apply none_failed; rewrite X; exact C].
    + split; [|now rewrite kept_perform, X]. split; [|apply nothing_failed]. split; [assumption | exists op; auto].
Qed.

Lemma a_step s b c a s' : step s c a s' -> unseen b s c a s' ->
  kept s' b = kept s b \/ In (kept s' b) (moves b (kept s b)).
Proof.
  intros S [U N]. destruct S as [op given failed F [C _]|given failed F [C _]|e F].
  - destruct (log_perform s c (Calls op) (on_call M op (state s)) given failed) as (m & E & R).
    rewrite (N _ E) in R. subst failed. destruct U as [O L]. right. apply in_flat_map. exists (c, New op). split.
    + apply in_fates. exists op. split; [assumption|]. unfold fate_of; cbn. now rewrite F.
    + unfold moves_of; cbn. rewrite L, kept_perform. apply in_app_iff. left. apply in_taken. eauto.
  - destruct (log_perform s c Withdraws (is_withdrawn_by s c) given failed) as (m & E & R).
    rewrite (N _ E) in R. subst failed. destruct U as [W (op & O & K)]. right. apply in_flat_map.
    exists (c, fate_of s (c, op)). split; [apply in_fates; now exists op|].
    rewrite kept_perform. unfold moves_of, fate_of, is_withdrawn_by, is_parked, is_released in *; cbn [fst snd].
    destruct K as [[K Early]|K]; rewrite K in *; rewrite W; cbn [andb].
    + rewrite Early. apply in_app_iff. right. apply in_taken. eauto.
    + apply in_taken. eauto.
  - left. now apply kept_continued.
Qed.

(* ---- enough moves are made ---- *)
Inductive moved (b : Seen Op) (x : Configuration) : nat -> Configuration -> Prop :=
| moved_none : moved b x 0 x
| moved_one y n z : In y (moves b x) -> moved b y n z -> moved b x (S n) z.

Lemma in_within n b l z : In z (within n b l) <-> exists x k, In x l /\ (k <= n)%nat /\ moved b x k z.
Proof.
  revert l. induction n as [|n IH]; intro l; cbn [Judge.within].
  - split.
    + intro I. exists z, 0%nat. repeat split; [assumption | lia | constructor].
    + intros (x & k & I & L & D). assert (k = 0)%nat by lia. subst. now inversion D; subst.
  - set (next := nodup _ _). assert (N : forall y, In y next <-> exists x, In x l /\ In y (moves b x)).
    { intro y. unfold next. now rewrite nodup_In, in_flat_map. }
    assert (E : In z (match next with nil => l | y :: rest => l ++ within n b (y :: rest) end) <-> In z l \/ In z (within n b next)).
    { destruct next; [|now rewrite in_app_iff]. split; [now left|]. intros [I|I]; [assumption|].
      apply IH in I as (x & k & [] & _). }
    rewrite E, IH. split.
    + intros [I|(x & k & I & L & D)].
      * exists z, 0%nat. repeat split; [assumption | lia | constructor].
      * apply N in I as (x' & I & I'). exists x', (S k). repeat split; [assumption | lia | econstructor; eauto].
    + intros (x & k & I & L & D). inversion D; subst; [now left|]. right.
      eexists _, _. split; [apply N; eauto|]. split; [|eassumption]. lia.
Qed.

Definition weight (f : Fate Op) : nat := match f with New _ => 2 | Waiting => 1 | _ => 0 end.
Fixpoint weights (l : list (Call * Fate Op)) : nat :=
  match l with nil => 0 | p :: r => weight (snd p) + weights r end%nat.

Lemma weights_bound l : (weights l <= 2 * length l)%nat.
Proof.
  induction l as [|[c f] l IH]; [now cbn|]. assert (weight f <= 2)%nat by (destruct f; cbn; lia).
  cbn -[weight] in *. lia.
Qed.

Lemma weights_other r w g l : ~ In w (map fst l) -> (weights (map (fate_after M r w g) l) <= weights l)%nat.
Proof. clear waits observe counts_released.
  induction l as [|[c f] l IH]; cbn; [lia|]. intro N.
  assert (D : (c =? w) = false) by (apply Z.eqb_neq; intuition).
  rewrite D. destruct (given_to c g); [|destruct f]; cbn; pose proof (IH ltac:(intuition)); lia.
Qed.

Lemma weights_less r w g l f : NoDup (map fst l) -> In (w, f) l ->
  (weight (snd (fate_after M r w g (w, f))) < weight f)%nat ->
  (weights (map (fate_after M r w g) l) < weights l)%nat.
Proof.
  induction l as [|[c f'] l IH]; [easy|]. intros D I L. inversion D; subst. destruct I as [I|I].
  - inversion I; subst. pose proof (weights_other r w g l H1). cbn -[fate_after] in *. lia.
  - assert (N : (c =? w) = false) by (apply Z.eqb_neq; intros ->; apply H1; now apply (in_map fst) in I).
    specialize (IH H2 I L). cbn in *. rewrite N. destruct (given_to c g); [|destruct f']; cbn; lia.
Qed.

Definition distinct (x : Configuration) : Prop := NoDup (map fst (fates x)).

Lemma move_less b x y : distinct x -> In y (moves b x) ->
  map fst (fates y) = map fst (fates x) /\ (weights (fates y) < weights (fates x))%nat.
Proof using withdrawals_leave.
  intros D I. apply in_flat_map in I as ((c, f) & F & I).
  assert (K : forall result, (weight f > 0)%nat -> (Rule_caller (snd result) = Caller_leaves \/ exists op, f = New op) ->
    In y (taken M x c result) ->
    map fst (fates y) = map fst (fates x) /\ (weights (fates y) < weights (fates x))%nat).
  { intros [st r] P L J. apply in_taken in J as (given & C & ->). unfold after_step; cbn in *.
    split; [rewrite map_map; now apply map_ext|]. eapply weights_less; eauto.
    unfold fate_after; cbn. rewrite Z.eqb_refl. destruct (given_to c given) eqn:V; [exact P|].
    destruct L as [->|[op ->]]; [exact P|]. destruct (Rule_caller r) eqn:E; cbn; try lia.
    all: exfalso; apply (given_to_some c given); [|assumption]; rewrite (names_chosen _ _ C); apply caller_is_given; congruence. }
  unfold moves_of in I; cbn in I. destruct f; cbn in I; try easy.
  - apply in_app_iff in I as [I|I].
    + destruct (is_too_late _ _ _ _ _ _); [easy|]. eapply K; [cbn; lia | right; eauto | eassumption].
    + destruct (may_withdraw b c && _); [|easy]. eapply K; [cbn; lia | left; apply withdrawals_leave | eassumption].
  - destruct (may_withdraw b c); [|easy]. eapply K; [cbn; lia | left; apply withdrawals_leave | eassumption].
Qed.

Lemma moved_bound b x n y : moved b x n y -> distinct x ->
  map fst (fates y) = map fst (fates x) /\ (n + weights (fates y) <= weights (fates x))%nat.
Proof using withdrawals_leave.
  induction 1 as [x|x y n z I D IH]; intro N; [split; [easy | lia]|].
  destruct (move_less _ _ _ N I) as [E W]. destruct IH as [E' W']; [unfold distinct; now rewrite E|].
  split; [congruence | lia].
Qed.

Lemma list_max_in (l : list nat) n : In n l -> (n <= list_max l)%nat.
Proof. intro I. pose proof (proj1 (list_max_le l (list_max l)) (le_n _)) as F. rewrite Forall_forall in F. auto. Qed.

Lemma in_reach b l z : (forall x, In x l -> distinct x) -> (In z (reach b l) <-> exists x k, In x l /\ moved b x k z).
Proof using withdrawals_leave.
  intro D. unfold Judge.reach. rewrite nodup_In, in_within. split.
  - intros (x & k & I & _ & N). eauto.
  - intros (x & k & I & N). exists x, k. repeat split; auto.
    destruct (moved_bound _ _ _ _ N (D _ I)) as (_ & W). pose proof (weights_bound (fates x)).
    pose proof (list_max_in _ _ (in_map (fun x => length (fates x)) _ _ I)). unfold enough. cbn beta in *. lia.
Qed.

(* ---- runs of configurations ---- *)
Inductive configurations_show (b : Seen Op) (x : Configuration) : list (Event Op) -> Prop :=
| configurations_all : configurations_show b x nil
| configurations_event k y v z h : moved b x k y -> In z (permitted b v y) ->
    configurations_show (seen_after b v) z h -> configurations_show b x (v :: h).

Definition sound (b : Seen Op) (x : Configuration) : Prop :=
  distinct x /\ forall c, In c (map fst (fates x)) -> In c (begun b).

Lemma nodup_filter {A} (l : list (Call * A)) f : NoDup (map fst l) -> NoDup (map fst (filter f l)).
Proof.
  induction l as [|p l IH]; cbn; [auto|]. intro D. inversion D; subst. destruct (f p); cbn; [|auto].
  constructor; [|auto]. intro I. apply H1. apply in_map_iff in I as (q & E & I). apply filter_In in I as [I _].
  rewrite <- E. now apply in_map.
Qed.
Lemma nodup_snoc (l : list Call) c : NoDup l -> ~ In c l -> NoDup (l ++ [c]).
Proof.
  intros D N. rewrite <- (rev_involutive (l ++ [c])). apply NoDup_rev. rewrite rev_app_distr; cbn.
  constructor; [now rewrite <- in_rev | now apply NoDup_rev].
Qed.

Lemma sound_permitted b v x y : sound b x -> In y (permitted b v x) -> sound (seen_after b v) y.
Proof.
  intros [D B] I. destruct v as [c op late|c how|c| |readings| ]; cbn in *.
  - destruct (py_in c (begun b)) eqn:N; [easy|]. destruct I as [<-|[]]. apply py_in_false in N. split.
    + unfold distinct; cbn. rewrite map_app; cbn. apply nodup_snoc; auto.
    + intro d. cbn. rewrite map_app, in_app_iff; cbn. intuition.
  - destruct (existsb _ _); [|easy]. destruct I as [<-|[]]. split; cbn; [now apply nodup_filter|].
    intros d J. apply B. apply in_map_iff in J as (q & <- & J). apply filter_In in J as [J _]. now apply in_map.
  - destruct I as [<-|[]]. now split.
  - destruct I as [<-|[]]. now split.
  - destruct (forallb _ _); [|easy]. destruct I as [<-|[]]. now split.
  - destruct (forallb _ _); [|easy]. destruct I as [<-|[]]. now split.
Qed.

Lemma judged h : forall l b, (forall x, In x l -> sound b x) ->
  (is_allowed M (fold_left judge_event h (l, b)) = true <-> exists x, In x l /\ configurations_show b x h).
Proof using withdrawals_leave.
  induction h as [|v h IH]; intros l b G.
  - cbn. unfold is_allowed; cbn. destruct l as [|x l]; split; try easy.
    + now intros (x & [] & _).
    + intros _. exists x. split; [now left | constructor].
  - assert (R : forall y, In y (reach b l) -> sound b y).
    { intros y I. apply in_reach in I as (x & k & I & N); [|intros; now apply G].
      destruct (G _ I) as [D B]. destruct (moved_bound _ _ _ _ N D) as (E & _). unfold sound, distinct. rewrite E. now split. }
    cbn [fold_left Judge.judge_event]. rewrite IH.
    + split.
      * intros (z & I & S). apply nodup_In, in_flat_map in I as (y & I & A).
        apply in_reach in I as (x & k & I & N); [|intros; now apply G]. exists x. split; [assumption|].
        econstructor; eauto.
      * intros (x & I & S). inversion S as [|k y v' z h' N A S' E1]; subst. exists z. split; [|assumption].
        apply nodup_In, in_flat_map. exists y. split; [|assumption]. apply in_reach; [intros; now apply G|]. eauto.
    + intros z I. apply nodup_In, in_flat_map in I as (y & I & A). eapply sound_permitted; eauto.
Qed.

(* ---- what holds of every system on the way ---- *)
Record Sane (s : System M) (b : Seen Op) : Prop := {
  unbegun : forall c, ~ In c (begun b) -> status s c = Fresh /\ ~ In c (queue s);
  all_begun : forall c op, is_under_way b c op -> In c (begun b);
  once : NoDup (map fst (under_way b)) }.

Lemma sane_sound s b : Sane s b -> sound b (kept s b).
Proof.
  intros [_ B N]. assert (E : map fst (fates (kept s b)) = map fst (under_way b)) by (cbn; now rewrite map_map).
  split; unfold distinct; rewrite E; [assumption|]. intros c I. apply in_map_iff in I as ([c' op] & <- & I). eapply B; eauto.
Qed.

Lemma sane_perform s b w a result given : Sane s b -> In w (begun b) ->
  chosen (snd (apply (snd result) (queue s) w)) given -> Sane (perform s w a result given nil) b.
Proof.
  intros [U B N] W C. split; auto. destruct result as [st r]. unfold perform; cbn in *.
  destruct (apply_within r (queue s) w) as [Q G]. rewrite <- (names_chosen _ _ C) in G.
  intros c I. destruct (U c I) as [F NQ]. assert (D : c <> w) by congruence. split.
  - unfold status_after. destruct (given_to c given) eqn:E.
    + apply given_to_in, G in E as [E|E]; contradiction.
    + apply Z.eqb_neq in D. now rewrite D.
  - intro J. apply Q in J as [J|J]; contradiction.
Qed.

Lemma sane_step s b c a s' : Sane s b -> step s c a s' -> unseen b s c a s' -> Sane s' b.
Proof.
  intros G S [U N]. destruct S as [op given failed F [C _]|given failed F [C _]|e F].
  - destruct (log_perform s c (Calls op) (on_call M op (state s)) given failed) as (m & E & R).
    rewrite (N _ E) in R. subst failed. destruct U as [O _]. apply sane_perform; auto. eapply all_begun; eauto.
  - destruct (log_perform s c Withdraws (is_withdrawn_by s c) given failed) as (m & E & R).
    rewrite (N _ E) in R. subst failed. destruct U as [_ (op & O & _)]. apply sane_perform; auto. eapply all_begun; eauto.
  - destruct G as [V B O]. split; auto. intros d I. destruct (V d I) as [X Y]. cbn. split; [|assumption].
    destruct (d =? c) eqn:E; [|assumption]. apply Z.eqb_eq in E. subst. congruence.
Qed.

(* ---- events ---- *)
Lemma filter_map {A B} (f : A -> B) p q l : (forall x, q (f x) = p x) -> map f (filter p l) = filter q (map f l).
Proof. intro H. induction l as [|x l IH]; cbn; [easy|]. rewrite H. destruct (p x); cbn; now rewrite IH. Qed.

Lemma kept_ended s b c how : kept s (seen_after b (Ends c how)) = without_call M c (kept s b).
Proof. unfold kept, without_call. cbn. f_equal. now apply filter_map. Qed.

Lemma released_kept s b : released_in M (kept s b) = released_now M s b.
Proof.
  unfold released_in, released_now, py_len. cbn. rewrite <- (filter_map _ (fun p => continues (status s (fst p)) &&
    is_release (given_in (log s) (fst p)))); [now rewrite map_length|].
  intro p. cbn. unfold fate_of. now destruct (status s (fst p)).
Qed.

Lemma may_end_kept s b c how : existsb (may_end M waits compared b c how) (fates (kept s b)) = true <->
  sees s b (Ends c how).
Proof.
  rewrite existsb_exists. split.
  - intros ((d, f) & I & E). unfold may_end in E; cbn [fst snd] in E. apply andb_prop in E as [E K].
    apply Z.eqb_eq in E. subst d. apply in_fates in I as (op & O & ->). unfold fate_of in K; cbn [fst snd] in K.
    destruct (is_gone b c how) eqn:G.
    + eapply sees_gone; eauto. destruct (status s c); auto; try easy. right. right. split; [easy|].
      now destruct (withdraws_early M waits op).
    + eapply sees_end; eauto; destruct (status s c); easy.
  - intro S. inversion S as [|? op ? O G K|? op ? O G C F| | | | ]; subst.
    all: exists (c, fate_of s (c, op)); split; [apply in_fates; eauto|].
    all: unfold may_end, fate_of; cbn [fst snd]; rewrite Z.eqb_refl, G; cbn [andb].
    + destruct K as [K|[K|[K E]]]; [now rewrite K | | rewrite K; now rewrite E].
      unfold continues in K. now destruct (status s c).
    + unfold continues in C. now destruct (status s c).
Qed.

Lemma may_rest_kept s b :
  forallb (fun p => match snd p with Waiting => negb (py_in (fst p) (cancelled b)) | _ => false end) (fates (kept s b)) = true
  <-> forall c op, is_under_way b c op -> status s c = Parked /\ ~ In c (cancelled b).
Proof.
  rewrite forallb_forall. split.
  - intros F c op O. specialize (F (c, fate_of s (c, op)) (proj2 (in_fates _ _ _ _) (ex_intro _ op (conj O eq_refl)))).
    unfold fate_of in F; cbn in F. destruct (status s c); cbn in F; try easy. split; [easy|].
    apply py_in_false. now destruct (py_in c (cancelled b)).
  - intros F [c f] I. apply in_fates in I as (op & O & ->). destruct (F c op O) as [P N]. unfold fate_of; cbn.
    rewrite P. apply py_in_false in N. now rewrite N.
Qed.

Lemma an_event s b v y : Sane s b -> (In y (permitted b v (kept s b)) <-> sees s b v /\ y = kept s (seen_after b v)).
Proof.
  intro G. destruct v as [c op late|c how|c| |readings| ]; cbn [Judge.permitted].
  - destruct (py_in c (begun b)) eqn:N; [apply py_in_true in N | apply py_in_false in N].
    + split; [easy|]. intros [S _]. inversion S; contradiction.
    + assert (E : {| now := now (kept s b); waiting := waiting (kept s b); fates := fates (kept s b) ++ [(c, New op)] |}
        = kept s (seen_after b (Begins c op late))).
      { unfold kept; cbn. f_equal. rewrite map_app; cbn. unfold fate_of at 3; cbn.
        now rewrite (proj1 (unbegun _ _ G c N)). }
      split; [intros [<-|[]]; split; [now constructor | exact E] | intros [_ ->]; left; exact E].
  - rewrite kept_ended. destruct (existsb _ _) eqn:E; split.
    + intros [<-|[]]. split; [now apply may_end_kept | easy].
    + intros [_ ->]. now left.
    + easy.
    + intros [S _]. apply may_end_kept in S. congruence.
  - split; [intros [<-|[]]; split; [constructor | easy] | intros [_ ->]; now left].
  - split; [intros [<-|[]]; split; [constructor | easy] | intros [_ ->]; now left].
  - rewrite released_kept. destruct (forallb _ _) eqn:F; split.
    + intros [<-|[]]. split; [now constructor | easy].
    + intros [_ ->]. now left.
    + easy.
    + intros [S _]. inversion S as [| | | | |? K| ]; subst. cbn in F. congruence.
  - destruct (forallb _ _) eqn:F; split.
    + intros [<-|[]]. split; [constructor; now apply may_rest_kept | easy].
    + intros [_ ->]. now left.
    + easy.
    + intros [S _]. inversion S as [| | | | | |K]; subst. apply may_rest_kept in K. congruence.
Qed.

Lemma sane_event s b v : Sane s b -> sees s b v -> Sane s (seen_after b v).
Proof.
  intros [U B N] S. destruct v as [c op late|c how|c| |readings| ]; cbn; split; cbn; auto.
  - intros d op'. unfold is_under_way; cbn. rewrite in_app_iff. intros [I|[I|[]]]; [right; eapply B; eauto | inversion I; auto].
  - rewrite map_app; cbn. apply nodup_snoc; [assumption|]. intro I. inversion S; subst.
    apply in_map_iff in I as ([d op'] & <- & I). apply B in I. contradiction.
  - intros d op'. unfold is_under_way; cbn. rewrite filter_In. intros [I _]. eapply B; eauto.
  - now apply nodup_filter.
Qed.

(* ---- runs of configurations are runs of the system ---- *)
Lemma moved_steps b x k y : moved b x k y -> forall s h, x = kept s b -> Sane s b ->
  (forall s', y = kept s' b -> Sane s' b -> shows s' b h) -> shows s b h.
Proof.
  induction 1 as [x|x y n z I D IH]; intros s h -> G K; [now apply K|].
  apply a_move in I as (c & a & s' & S & U & ->). eapply shows_step; eauto.
  eapply IH; eauto. eapply sane_step; eauto.
Qed.

Lemma configurations_are_runs b x h : configurations_show b x h -> forall s, x = kept s b -> Sane s b -> shows s b h.
Proof.
  induction 1 as [b x|b x k y v z h D A S IH]; intros s E G; [constructor|].
  eapply moved_steps; eauto. intros s' -> G'. apply an_event in A as (V & ->); [|assumption].
  eapply shows_event; eauto. eapply IH; eauto. eapply sane_event; eauto.
Qed.

Lemma runs_are_configurations s b h : shows s b h -> Sane s b -> configurations_show b (kept s b) h.
Proof.
  induction 1 as [s b|s b c a s' h S U R IH|s b v h V R IH]; intro G.
  - constructor.
  - specialize (IH (sane_step _ _ _ _ _ G S U)). destruct (a_step s b _ _ _ S U) as [<-|I]; [assumption|].
    inversion IH as [|k y v z h' D A Q]; subst; [constructor|].
    eapply configurations_event with (k := Datatypes.S k); eauto. econstructor; eauto.
  - econstructor; [constructor | | apply IH; eapply sane_event; eauto]. apply an_event; eauto.
Qed.

Theorem exact h :
  accepts M waits observe counts_released compared State_eq_dec Op_eq_dec h = true <->
  some_run_shows M waits observe counts_released compared h.
Proof using withdrawals_leave.
  assert (G : Sane (start M) (@nothing_seen M)) by (split; cbn; [auto | easy | constructor]).
  unfold accepts, beginning, some_run_shows. rewrite judged.
  - split.
    + intros (x & [<-|[]] & S). eapply configurations_are_runs; eauto.
    + intro S. eexists. split; [now left|]. exact (runs_are_configurations _ _ _ S G).
  - intros x [<-|[]]. apply (sane_sound _ _ G).
Qed.
End Exact.
