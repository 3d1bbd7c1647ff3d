(* What holds of every machine whose rules count the parked: an invariant of each state that can be reached, and lemmas
   by which a fact about steps becomes a claim about histories and runs. *)
From Coq Require Import ZArith List Bool Lia Permutation.
From Latchproof Require Import Py Step Machine System Lists.
Import ListNotations.
Local Open Scope Z_scope.
Set Default Proof Using "Type".

(* What is needed of a machine's functions, given how many its state says are parked, and which states are sound. *)
Record Sane (M : Machine) (parked : States M -> Z) (sound : States M -> Prop) : Prop := {
  sane_start : sound (initially M) /\ parked (initially M) = 0;
  sane_call op st st' r : sound st -> on_call M op st = (st', r) ->
    sound st' /\ Rule_queue r <> Queue_first /\
    (Rule_caller r = Caller_parks -> Rule_queue r = Queue_stays /\ parked st' = parked st + 1) /\
    (Rule_caller r <> Caller_parks -> caller_ends r /\
       parked st' = if Queue_beq (Rule_queue r) Queue_stays then parked st else 0);
  sane_withdrawal is_parked is_released st st' r : sound st -> (is_parked = true -> parked st > 0) ->
    on_withdrawal M is_parked is_released st = (st', r) ->
    sound st' /\ Rule_queue r <> Queue_first /\ Rule_caller r = Caller_leaves /\
    parked st' = if Queue_beq (Rule_queue r) Queue_stays then parked st - (if is_parked then 1 else 0) else 0
}.

(* ---- the status of each call after a step ---- *)
Lemma given_to_in c g e : given_to c g = Some e -> In (c, e) g.
Proof.
  unfold given_to. destruct (find (fun p => fst p =? c) g) as [[c' e']|] eqn:F; [|easy]. intro H; inversion H; subst;
    cbn.
  apply find_some in F as [F E]; cbn in E. apply Z.eqb_eq in E; now subst.
Qed.
Lemma given_to_some c g : In c (map fst g) -> exists e, given_to c g = Some e.
Proof.
  unfold given_to. intro I. destruct (find (fun p => fst p =? c) g) as [[c' e']|] eqn:F; [now exists e'|].
  apply in_map_iff in I as ((c', e) & E & I); cbn in E; subst.
  pose proof (find_none _ _ F _ I); cbn in H. now rewrite Z.eqb_refl in H.
Qed.
Lemma given_to_none c g : ~ In c (map fst g) -> given_to c g = None.
Proof.
  intro N. destruct (given_to c g) eqn:E; [|reflexivity].
  apply given_to_in in E. destruct N. now apply (in_map fst) in E.
Qed.

Section Status.
Variables (r : Rule) (w : Call) (g : list (Call * Ending)) (failed : list Call) (old : Call -> Status).
Notation new := (status_after r w g failed old).

Lemma status_other c : c <> w -> ~ In c (map fst g) -> ~ In c failed -> new c = old c.
Proof.
  intros D N F. unfold status_after. rewrite given_to_none by assumption. apply Z.eqb_neq in D. rewrite D.
  destruct (py_in c failed) eqn:E; [apply py_in_In in E; easy | reflexivity].
Qed.
Lemma status_failed c : c <> w -> ~ In c (map fst g) -> In c failed -> new c = Released (error_of r).
Proof.
  intros D N F. unfold status_after. rewrite given_to_none by assumption. apply Z.eqb_neq in D. rewrite D.
  apply py_in_In in F. now rewrite F.
Qed.
Lemma status_given c : c <> w -> In c (map fst g) -> exists e, In (c, e) g /\ new c = Released e.
Proof.
  intros D I. apply given_to_some in I as [e E]. exists e. split; [now apply given_to_in|].
  unfold status_after. rewrite E. apply Z.eqb_neq in D. now rewrite D.
Qed.
Lemma status_caller_given : In w (map fst g) -> exists e, In (w, e) g /\ new w = Done e.
Proof.
  intros I. apply given_to_some in I as [e E]. exists e. split; [now apply given_to_in|].
  unfold status_after. now rewrite E, Z.eqb_refl.
Qed.
Lemma status_caller : ~ In w (map fst g) ->
  new w = match Rule_caller r with Caller_parks => Parked | Caller_leaves => Left | _ => old w end.
Proof. intros N. unfold status_after. now rewrite given_to_none, Z.eqb_refl. Qed.
End Status.

Section System.
Context {M : Machine}.
Implicit Types (s : System M) (m : Moment M) (a : Action M).

(* What becomes of a step of the machine, by its result. *)
Lemma perform_eq s w a st r g f : perform s w a (st, r) g f =
  {| state := st; queue := fst (apply r (queue s) w); status := status_after r w g f (status s);
     log := {| who := w; action := a; rule := r; before := state s; after := st; queue_before := queue s;
               resumed := g; reached := f |} :: log s |}.
Proof. reflexivity. Qed.

Lemma performed s w a s' m : step s w a s' -> log s' = m :: log s ->
  who m = w /\ action m = a /\ before m = state s /\ after m = state s' /\ queue_before m = queue s /\
  allowed s w (rule m) (resumed m) (reached m) /\ queue s' = fst (apply (rule m) (queue s) w) /\
  status s' = status_after (rule m) w (resumed m) (reached m) (status s) /\
  ((exists op, a = Calls op /\ status s w = Fresh /\ on_call M op (state s) = (after m, rule m)) \/
   (a = Withdraws /\ may_be_withdrawn s w /\
    on_withdrawal M (is_parked s w) (is_released s w) (state s) = (after m, rule m))).
Proof.
  intros S L. destruct S as [op g f F C|g f F C|e F].
  - destruct (on_call M op (state s)) as [st r] eqn:O. rewrite perform_eq in *. cbn in L. inversion L; subst m. cbn.
    do 5 (split; [reflexivity|]). split; [exact C|]. do 2 (split; [reflexivity|]). left. eauto.
  - unfold is_withdrawn_by in *. destruct (on_withdrawal M _ _ (state s)) as [st r] eqn:O.
    rewrite perform_eq in *. cbn in L. inversion L; subst m. cbn.
    do 5 (split; [reflexivity|]). split; [exact C|]. do 2 (split; [reflexivity|]). right. auto.
  - exfalso. cbn in L. assert (X : length (log s) = S (length (log s))) by (rewrite L at 1; reflexivity). lia.
Qed.
Lemma a_moment s w a s' : step s w a s' -> a <> Continues -> exists m, log s' = m :: log s.
Proof.
  intros S N. destruct S as [op|g f|]; [| |easy].
  - destruct (on_call M op (state s)). rewrite perform_eq; cbn; eauto.
  - destruct (is_withdrawn_by s w). rewrite perform_eq; cbn; eauto.
Qed.
Lemma no_moment s w s' : step s w Continues s' -> exists e, status s w = Released e /\ s' = continued s w e.
Proof. intro S. inversion S; subst; eauto. Qed.

(* Whatever is remembered came of a step from a state that can be reached, whose log is the past. *)
Theorem logged s : reachable s -> forall l1 m l2, log s = l1 ++ m :: l2 ->
  exists s0 s1, reachable s0 /\ step s0 (who m) (action m) s1 /\ log s0 = l2 /\ log s1 = m :: l2.
Proof.
  induction 1 as [|s w a s' R IH S]; intros l1 m l2 E; [now destruct l1|].
  assert (K : a = Continues \/ a <> Continues) by (destruct a; (now left) || now right).
  destruct K as [->|K].
  - destruct (no_moment _ _ _ S) as (e & _ & ->). cbn in E. eauto.
  - destruct (a_moment _ _ _ _ S K) as [m' L]. rewrite L in E. destruct l1 as [|m1 l1]; cbn in E; inversion E; subst;
    [|eauto].
    destruct (performed _ _ _ _ _ S L) as (W & A & _). exists s, s'. rewrite W, A. auto.
Qed.

(* Each ending that a call has was given to it by a step, or is the error of a step that reached it. *)
Theorem ended_by s : reachable s -> forall c e, status s c = Released e \/ status s c = Done e ->
  exists m, In m (log s) /\ (In (c, e) (resumed m) \/ In c (reached m) /\ e = error_of (rule m)).
Proof.
  induction 1 as [|s w a s' R IH S]; intros c e H; [now destruct H|].
  assert (K : a = Continues \/ a <> Continues) by (destruct a; (now left) || now right).
  destruct K as [->|K].
  - destruct (no_moment _ _ _ S) as (e' & E & ->). cbn in *. destruct (c =? w) eqn:D; [|auto].
    apply Z.eqb_eq in D; subst. apply IH. destruct H as [H|H]; inversion H; subst; auto.
  - destruct (a_moment _ _ _ _ S K) as [m L].
    destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & _ & _ & St & C).
    rewrite St in H. assert (old : status s c = Released e \/ status s c = Done e ->
      exists m, In m (log s') /\ (In (c, e) (resumed m) \/ In c (reached m) /\ e = error_of (rule m))).
    { intro X. destruct (IH c e X) as (k & I & Y). exists k. rewrite L. split; [now right | assumption]. }
    rewrite L in *. unfold status_after in H. destruct (given_to c (resumed m)) as [e'|] eqn:G.
    + exists m. split; [now left|]. left. apply given_to_in in G. destruct (c =? w); destruct H as [H|H]; inversion H;
      now subst.
    + destruct (c =? w) eqn:D.
      * apply Z.eqb_eq in D; subst c. destruct (Rule_caller (rule m)); try (now destruct H); auto.
      * destruct (py_in c (reached m)) eqn:P; [|auto]. apply py_in_In in P.
        exists m. split; [now left|]. right. split; [assumption|]. destruct H as [H|H]; inversion H; reflexivity.
Qed.

(* ---- the invariant ---- *)
Variable parked : States M -> Z.
Variable sound : States M -> Prop.

Record Inv s : Prop := {
  inv_sound : sound (state s);
  inv_parked : parked (state s) = py_len (queue s);
  inv_nodup : NoDup (queue s);
  inv_queue : forall c, In c (queue s) <-> status s c = Parked;
  inv_order : subseq (queue s) (arrivals (log s));
  inv_withdrawn : forall c, In c (withdrawn (log s)) <-> status s c = Left;
  inv_given : forall c, In c (given (log s)) -> status s c <> Fresh /\ status s c <> Parked;
  inv_given_once : NoDup (given (log s));
  inv_ended : forall c e, status s c = Released e \/ status s c = Done e -> In c (given (log s));
  inv_called : forall c, status s c = Fresh \/ status s c = Left \/
    exists m op, In m (log s) /\ who m = c /\ action m = Calls op;
  inv_acted : forall m, In m (log s) -> status s (who m) <> Fresh
}.

(* What a step does, in the words that the invariant needs. *)
Record Effect s (w : Call) a (r : Rule) (q' : list Call) (g : list Call) : Prop := {
  e_nodup : NoDup g;
  e_given : forall c, In c g -> c = w /\ status s w = Fresh \/ c <> w /\ In c (queue s);
  e_queue : forall c, c <> w -> (In c q' <-> In c (queue s) /\ ~ In c g);
  e_caller : In w g /\ ~ In w q' \/
          ~ In w g /\ (Rule_caller r = Caller_parks /\ In w q' /\ status s w = Fresh \/
                       Rule_caller r = Caller_leaves /\ ~ In w q' /\ a = Withdraws);
  e_q_nodup : NoDup q';
  e_order : subseq q' (queue s ++ match Rule_caller r with Caller_parks => [w] | _ => nil end);
  e_acts : (exists op, a = Calls op) /\ status s w = Fresh \/
           a = Withdraws /\ ~ In w g /\ Rule_caller r = Caller_leaves /\ may_be_withdrawn s w
}.

Lemma nodup_app {A} (a b : list A) : NoDup a -> NoDup b -> (forall x, In x a -> In x b -> False) -> NoDup (a ++ b).
Proof.
  induction 1; cbn; intros B D; [assumption|]. constructor.
  - rewrite in_app_iff. intros [I|I]; [easy | eapply D; eauto].
  - apply IHNoDup; eauto.
Qed.

Lemma effect_call s w op r : Inv s -> status s w = Fresh -> Rule_queue r <> Queue_first ->
  (Rule_caller r = Caller_parks \/ caller_ends r) ->
  Effect s w (Calls op) r (fst (apply r (queue s) w)) (map fst (snd (apply r (queue s) w))).
Proof.
  intros I F First K.
  assert (Nw : ~ In w (queue s)) by (rewrite inv_queue by eassumption; congruence).
  pose proof (inv_nodup _ I) as ND.
  destruct K as [K|K].
  - rewrite apply_parks by assumption; cbn. constructor; cbn; try tauto; try apply NoDup_nil.
    + intros d D. rewrite in_app_iff; cbn. intuition congruence.
    + right. rewrite in_app_iff; cbn. intuition.
    + apply nodup_app; [assumption | repeat constructor; easy | cbn; intros x X [<-|[]]; auto].
    + rewrite K. apply sub_refl.
    + left. eauto.
  - pose proof (apply_ends_fst r (queue s) w First K) as H.
    assert (Kn : Rule_caller r <> Caller_parks /\ Rule_caller r <> Caller_leaves) by
      (destruct K as [K|[K|K]]; rewrite K; easy).
    assert (Q : fst (apply r (queue s) w) = if Queue_beq (Rule_queue r) Queue_stays then queue s else nil)
      by (rewrite apply_ends; auto).
    rewrite Q. set (stays := Queue_beq (Rule_queue r) Queue_stays) in *.
    assert (E : Rule_caller r = Caller_parks -> False) by intuition.
    constructor; rewrite ?H.
    + apply nodup_app; [destruct stays; auto; constructor | repeat constructor; easy | cbn; intros x X [<-|[]];
      destruct stays; auto].
    + intros c. rewrite in_app_iff; cbn. intros [X|[<-|[]]]; [right|left; auto].
      destruct stays; [easy | split; congruence].
    + intros c D. rewrite in_app_iff; cbn. destruct stays; cbn; intuition.
    + left. rewrite in_app_iff; cbn. destruct stays; intuition.
    + destruct stays; auto; constructor.
    + replace (match Rule_caller r with Caller_parks => [w] | _ => [] end) with (@nil Call)
        by (destruct (Rule_caller r); easy). rewrite app_nil_r. destruct stays; [apply sub_refl | apply sub_none].
    + left; eauto.
Qed.

Lemma effect_withdraw s w r : Inv s -> may_be_withdrawn s w -> Rule_queue r <> Queue_first ->
  Rule_caller r = Caller_leaves ->
  Effect s w Withdraws r (fst (apply r (queue s) w)) (map fst (snd (apply r (queue s) w))).
Proof.
  intros I F First K. pose proof (inv_nodup _ I) as ND.
  pose proof (apply_leaves_fst r (queue s) w First K) as H.
  assert (Q : fst (apply r (queue s) w) = if Queue_beq (Rule_queue r) Queue_stays then without w (queue s) else nil)
    by (rewrite apply_leaves; auto).
  rewrite Q. set (stays := Queue_beq (Rule_queue r) Queue_stays) in *.
  pose proof (without_gone w _ ND) as G. pose proof (without_sub w (queue s)) as S.
  constructor; rewrite ?H.
  - destruct stays; [constructor | eapply sub_nodup; eauto].
  - intros c X. destruct stays; [easy|]. right. split; [congruence | eapply sub_in; eauto].
  - intros c D. pose proof (without_in w c (queue s) D). pose proof (sub_in c _ _ S). destruct stays; cbn; intuition.
  - right. destruct stays; intuition.
  - destruct stays; [eapply sub_nodup; eauto | constructor].
  - rewrite K, app_nil_r. destruct stays; [assumption | apply sub_none].
  - right. destruct stays; intuition.
Qed.

Lemma perform_inv s w a st r g f : Inv s -> sound st -> parked st = py_len (fst (apply r (queue s) w)) ->
  allowed s w r g f -> Effect s w a r (fst (apply r (queue s) w)) (map fst (snd (apply r (queue s) w))) ->
  Inv (perform s w a (st, r) g f).
Proof.
  intros I O P [Ch Re] E. rewrite perform_eq. apply chosen_fst in Ch. rewrite <- Ch in E. clear Ch.
  set (q' := fst _) in *. clearbody q'.
  assert (Nf : forall c, In c f -> c <> w /\ ~ In c (map fst g) /\ exists i, status s c = Released (Ends_index i)).
  { intros c F. destruct (Re c F) as (_ & D & i & K). repeat split; eauto. intro X.
    destruct (e_given _ _ _ _ _ _ E c X) as [[? _]|[_ Y]]; [easy|]. apply (inv_queue _ I) in Y. congruence. }
  clear Re.
  (* What becomes of each call: another is given an ending, reached, or as it was; the caller ends, parks or leaves. *)
  assert (fate : forall c,
    c <> w /\ (In c (map fst g) /\ In c (queue s) /\ (exists e, In (c, e) g /\
      status_after r w g f (status s) c = Released e)
               \/ ~ In c (map fst g) /\ status_after r w g f (status s) c = status s c
               \/ ~ In c (map fst g) /\ (exists i, status s c = Released (Ends_index i)) /\ exists e,
                 status_after r w g f (status s) c = Released e) \/
    c = w /\ ((exists e, In (w, e) g /\ status_after r w g f (status s) c = Done e) /\ ~ In w q' /\ status s w = Fresh
              \/ status_after r w g f (status s) c = Parked /\ In w q' /\ status s w = Fresh /\ ~ In w (map fst g)
              \/ status_after r w g f (status s) c = Left /\ ~ In w q' /\ ~ In w (map fst g) /\ a = Withdraws)).
  { intro c. destruct (Z.eq_dec c w) as [->|D].
    - right; split; [reflexivity|]. destruct (e_caller _ _ _ _ _ _ E) as [[X Y]|[X [(Y & Z & W)|(Y & Z & W)]]].
      + left. destruct (e_given _ _ _ _ _ _ E w X) as [[_ Z]|[? _]]; [|easy].
        destruct (status_caller_given r w g f (status s) X) as (e & W & V). split; eauto.
      + right; left. rewrite status_caller, Y by assumption. auto.
      + right; right. rewrite status_caller, Y by assumption. auto.
    - left; split; [assumption|]. destruct (in_dec Z.eq_dec c (map fst g)) as [X|X].
      + left. destruct (e_given _ _ _ _ _ _ E c X) as [[? _]|[_ Y]]; [easy|]. split; [assumption|split; [assumption|]].
        now apply status_given.
      + right. destruct (in_dec Z.eq_dec c f) as [Y|Y].
        * right. destruct (Nf c Y) as (_ & _ & i & K). split; [assumption|]. split; [eauto|]. eexists.
          now apply status_failed.
        * left. split; [assumption|]. now apply status_other. }
  assert (alive : status s w <> Left).
  { destruct (e_acts _ _ _ _ _ _ E) as [[_ X]|(_ & _ & _ & [X|[[e X]|[X _]]])]; congruence. }
  constructor; cbn.
  - assumption.
  - assumption.
  - apply (e_q_nodup _ _ _ _ _ _ E).
  - intro c. destruct (fate c) as
    [(D & [(X & Y & e & Z & W)|[(X & Y)|(X & (i & Y) & e & Z)]])|(-> &
    [((e & X & Y) & Z & W)|[(X & Y & Z)|(X & Y & Z)]])].
    + rewrite W, (e_queue _ _ _ _ _ _ E) by assumption. split; [intros [_ N]; easy | congruence].
    + rewrite Y, (e_queue _ _ _ _ _ _ E), (inv_queue _ I) by assumption. tauto.
    + rewrite Z, (e_queue _ _ _ _ _ _ E), (inv_queue _ I) by assumption. split; [intros [K _]; congruence | congruence].
    + rewrite Y; split; [easy | congruence].
    + rewrite X; split; auto.
    + rewrite X; split; [easy | congruence].
  - unfold arrived; cbn. eapply sub_trans; [|apply (e_order _ _ _ _ _ _ E)].
    apply sub_app; [apply (inv_order _ I)|]. destruct (Rule_caller r); try apply sub_refl; apply sub_none.
  - intros c. rewrite in_app_iff, (inv_withdrawn _ I).
    assert (W : In c match a with Withdraws => [w] | _ => [] end <-> c = w /\ a = Withdraws).
    { destruct (e_acts _ _ _ _ _ _ E) as [[[op ->] _]|(-> & _)]; cbn; [|intuition]. split; [easy | intros [_ X]; easy].
      }
    rewrite W. destruct (fate c) as
      [(D & [(X & Y & e & Z & V)|[(X & Y)|(X & (i & Y) & e & Z)]])|(-> &
      [((e & X & Y) & Z & V)|[(X & Y & Z & V)|(X & Y & Z & V)]])].
    + rewrite V. apply (inv_queue _ I) in Y. split; [intros [K|K]; [easy | congruence] | easy].
    + rewrite Y. tauto.
    + rewrite Z, Y. split; [intros [K|K]; easy | easy].
    + rewrite Y. split; [|easy]. intros [[_ K]|K]; [|easy].
      destruct (e_acts _ _ _ _ _ _ E) as [[[op ->] _]|(_ & N & _)]; [easy|].
      now apply (in_map fst) in X.
    + rewrite X. split; [|easy]. intros [[_ K]|K]; [|easy].
      destruct (e_acts _ _ _ _ _ _ E) as [[[op ->] _]|(_ & _ & N & _)]; [easy|].
      destruct (e_caller _ _ _ _ _ _ E) as [[? _]|[_ [(L & _)|(_ & ? & _)]]]; congruence || easy.
    + rewrite X. tauto.
  - intros c. rewrite in_app_iff. intros [X|X].
    + destruct (fate c) as [(D & [(_ & _ & e & _ & W)|[(N & _)|(N & _)]])|(-> &
      [((e & _ & W) & _)|[(_ & _ & _ & N)|(_ & _ & N & _)]])];
        try easy; rewrite W; easy.
    + destruct (inv_given _ I _ X) as [A B].
      destruct (fate c) as [(D & [(_ & _ & e & _ & W)|[(N & W)|(_ & _ & e & W)]])|(-> &
        [((e & _ & W) & _)|[(_ & _ & W & _)|(W & _)]])];
        try easy; rewrite W; easy.
  - apply nodup_app; [apply (e_nodup _ _ _ _ _ _ E) | apply (inv_given_once _ I) |].
    intros c X Y. destruct (inv_given _ I _ Y) as [A B].
    destruct (e_given _ _ _ _ _ _ E c X) as [[-> Z]|[_ Z]]; [easy|]. apply (inv_queue _ I) in Z. easy.
  - intros c e H. rewrite in_app_iff.
    destruct (fate c) as [(D & [(X & _)|[(N & W)|(N & (i & W) & _)]])|(-> & [((e' & Z & W) & _)|[(W & _)|(W & _)]])].
    + now left.
    + right. rewrite W in H. eapply (inv_ended _ I); eauto.
    + right. eapply (inv_ended _ I); eauto.
    + left. now apply (in_map fst) in Z.
    + rewrite W in H. destruct H; easy.
    + rewrite W in H. destruct H; easy.
  - intros c. destruct (Z.eq_dec c w) as [->|D].
    + destruct (e_acts _ _ _ _ _ _ E) as [[[op ->] _]|(-> & N & L & X)].
      * right; right. eexists; exists op; split; [left; reflexivity | auto].
      * right; left. now rewrite status_caller, L.
    + destruct (inv_called _ I c) as [F|[F|(m & op & Mm & W)]]; [| |right; right; exists m, op; auto].
      * left. destruct (fate c) as [(_ & [(_ & Y & _)|[(_ & Y)|(_ & (i & Y) & _)]])|(-> & _)]; try congruence; try easy.
        apply (inv_queue _ I) in Y. congruence.
      * right; left. destruct (fate c) as [(_ & [(_ & Y & _)|[(_ & Y)|(_ & (i & Y) & _)]])|(-> & _)]; try congruence;
        try easy.
        apply (inv_queue _ I) in Y. congruence.
  - intros m [<-|Mm]; cbn.
    + destruct (fate w) as [(D & _)|(_ & [((e' & Z & W) & _)|[(W & _)|(W & _ & _)]])]; [easy | | |]; rewrite W; easy.
    + pose proof (inv_acted _ I _ Mm) as A.
      destruct (fate (who m)) as
        [(D & [(_ & _ & e' & Z & W)|[(N & W)|(_ & _ & e' & W)]])|(-> & [((e' & Z & W) & _)|[(W & _)|(W & _ & _)]])];
        rewrite W; easy.
Qed.

Variable sane : Sane M parked sound.

Lemma parked_if_in s w : Inv s -> is_parked s w = true -> parked (state s) > 0.
Proof.
  intros I E. assert (P : In w (queue s)).
  { apply (inv_queue _ I). unfold is_parked in E. now destruct (status s w). }
  rewrite (inv_parked _ I). unfold py_len. destruct (queue s); [easy | cbn; lia].
Qed.
Lemma caller_parks_or_ends op st st' r : sound st -> on_call M op st = (st', r) ->
  Rule_queue r <> Queue_first /\ (Rule_caller r = Caller_parks \/ caller_ends r).
Proof using sane.
  intros K O. destruct (sane_call _ _ _ sane _ _ _ _ K O) as (_ & F & _ & B). split; [assumption|].
  destruct (Rule_caller r) eqn:C; [now left|right..]; now apply B.
Qed.

Theorem reachable_inv s : reachable s -> Inv s.
Proof using sane.
  induction 1 as [|s w a s' R I S].
  - destruct (sane_start _ _ _ sane) as [A B]. constructor; cbn; auto using sub_nil, NoDup_nil; try easy.
    intros c e [H|H]; easy.
  - destruct S as [op g f F C|g f F C|e F].
    + destruct (on_call M op (state s)) as [st r] eqn:O. cbn in C.
      destruct (sane_call _ _ _ sane _ _ _ _ (inv_sound _ I) O) as (K & First & A & B).
      destruct (caller_parks_or_ends _ _ _ _ (inv_sound _ I) O) as [_ D].
      pose proof (inv_parked _ I) as P.
      apply perform_inv; auto; [|now apply effect_call].
      destruct D as [D|D].
      * rewrite apply_parks by assumption; cbn. destruct (A D) as [_ ->]. unfold py_len in *. rewrite app_length; cbn.
        lia.
      * assert (N : Rule_caller r <> Caller_parks) by (destruct D as [D|[D|D]]; rewrite D; easy).
        destruct (B N) as [_ ->]. rewrite apply_ends by assumption; cbn. destruct (Queue_beq _ _); auto.
    + unfold is_withdrawn_by in *. destruct (on_withdrawal M _ _ (state s)) as [st r] eqn:O. cbn in C.
      pose proof (inv_parked _ I) as P.
      destruct (sane_withdrawal _ _ _ sane _ _ _ _ _ (inv_sound _ I) (parked_if_in s w I) O) as (K & First & A & B).
      apply perform_inv; auto; [|now apply effect_withdraw].
      rewrite apply_leaves by assumption; cbn. rewrite B. destruct (Queue_beq _ _); [|reflexivity].
      rewrite without_len, P. f_equal. unfold is_parked. destruct (py_in w (queue s)) eqn:Y.
      * apply py_in_In, (inv_queue _ I) in Y. now rewrite Y.
      * destruct (status s w) eqn:Z; auto. apply (inv_queue _ I), py_in_In in Z. congruence.
    + destruct I; constructor; cbn; auto.
      * intro c. destruct (c =? w) eqn:E; [|auto]. apply Z.eqb_eq in E; subst. rewrite inv_queue0. split; congruence.
      * intros c. destruct (c =? w) eqn:E; [|auto]. apply Z.eqb_eq in E; subst. rewrite inv_withdrawn0. split;
        congruence.
      * intros c X. destruct (c =? w) eqn:E; [easy | auto].
      * intros c e' X. destruct (c =? w) eqn:E; [|eauto]. apply Z.eqb_eq in E; subst. eauto.
      * intros c. destruct (c =? w) eqn:E; [|auto]. apply Z.eqb_eq in E; subst. destruct (inv_called0 w) as [X|[X|X]];
        auto; congruence.
      * intros m X. destruct (who m =? w) eqn:E; [easy | auto].
Qed.

(* The calls that a step lets continue were parked, but its caller; those that it reaches had been released. *)
Lemma resumed_were_there s w a s' m c : reachable s -> step s w a s' -> log s' = m :: log s ->
  In c (map fst (resumed m)) ->
  c = w /\ status s w = Fresh \/ c <> w /\ In c (queue s).
Proof using sane.
  intros R S L G. pose proof (reachable_inv _ R) as I.
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & [Ch _] & _ & _ & [(op & -> & F & O)|(-> & F & O)]).
  all: apply chosen_fst in Ch; rewrite Ch in G.
  - destruct (caller_parks_or_ends _ _ _ _ (inv_sound _ I) O) as [X Y].
    pose proof (effect_call s w op _ I F X Y) as E. now apply (e_given _ _ _ _ _ _ E).
  - destruct (sane_withdrawal _ _ _ sane _ _ _ _ _ (inv_sound _ I) (parked_if_in s w I) O) as (_ & X & Y & _).
    pose proof (effect_withdraw s w _ I F X Y) as E. now apply (e_given _ _ _ _ _ _ E).
Qed.

(* A released call stays released with its ending, unless it continues, is withdrawn, or the step reaches it. *)
Theorem released_next s w a s' c e : reachable s -> step s w a s' -> status s c = Released e ->
  status s' c = Released e \/
  c = w /\ (a = Continues /\ status s' c = Done e \/ a = Withdraws /\ status s' c = Left) \/
  exists m i, log s' = m :: log s /\ In c (reached m) /\ reaches M (rule m) = true /\ e = Ends_index i /\
    status s' c = Released (error_of (rule m)).
Proof using sane.
  intros R S H. pose proof (reachable_inv _ R) as I.
  assert (K : a = Continues \/ a <> Continues) by (destruct a; (now left) || now right).
  destruct K as [->|K].
  { destruct (no_moment _ _ _ S) as (e' & E & ->). cbn. destruct (Z.eq_dec c w) as [->|D].
    - right; left. rewrite Z.eqb_refl. split; [reflexivity|]. left. split; congruence.
    - left. apply Z.eqb_neq in D. now rewrite D. }
  destruct (a_moment _ _ _ _ S K) as [m L].
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & [Ch Re] & _ & St & C).
  assert (N : ~ In c (map fst (resumed m))).
  { intro G. destruct (resumed_were_there _ _ _ _ _ _ R S L G) as [[-> F]|[_ Q]]; [congruence|].
    apply (inv_queue _ I) in Q. congruence. }
  destruct (Z.eq_dec c w) as [->|D].
  - right; left. split; [reflexivity|]. right. destruct C as [(op & _ & F & _)|(-> & F & O)]; [congruence|].
    split; [reflexivity|]. rewrite St, status_caller by assumption.
    destruct (sane_withdrawal _ _ _ sane _ _ _ _ _ (inv_sound _ I) (parked_if_in s w I) O) as (_ & _ & -> & _).
      reflexivity.
  - destruct (in_dec Z.eq_dec c (reached m)) as [F|F].
    + right; right. destruct (Re c F) as (X & _ & i & Y). exists m, i. repeat split; auto; [congruence|].
      rewrite St. now apply status_failed.
    + left. rewrite St, status_other; auto.
Qed.

(* What becomes of the caller, or of the call that is withdrawn, by the rule of the step. *)
Theorem caller_becomes s w a s' m : reachable s -> step s w a s' -> log s' = m :: log s ->
  match Rule_caller (rule m) with
  | Caller_parks => status s' w = Parked
  | Caller_leaves => status s' w = Left
  | Caller_returns => status s' w = Done Ends_plainly
  | Caller_raises => status s' w = Done (error_of (rule m))
  | Caller_returns_an_index => exists e, status s' w = Done e /\ In (w, e) (resumed m)
  end.
Proof using sane.
  intros R S L. pose proof (reachable_inv _ R) as I.
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & [Ch Re] & _ & -> & C).
  pose proof (chosen_fst _ _ Ch) as Fst. destruct C as [(op & _ & F & O)|(_ & _ & O)].
  - destruct (caller_parks_or_ends _ _ _ _ (inv_sound _ I) O) as [Fi K].
    assert (V : caller_ends (rule m) -> exists e, In (w, e) (resumed m) /\
      status_after (rule m) w (resumed m) (reached m) (status s) w = Done e /\
      (e = caller_ending (rule m) (py_len (queue s)) \/
       exists i, e = Ends_index i /\ caller_ending (rule m) (py_len (queue s)) = Ends_index ANY_INDEX)).
    { intro E. assert (V : In w (map fst (resumed m))) by (rewrite Fst, apply_ends_fst, in_app_iff by assumption;
      right; now left).
      destruct (status_caller_given (rule m) w (resumed m) (reached m) (status s) V) as (e & G & ->). exists e.
      split; [assumption|]. split; [reflexivity|]. pose proof (chosen_in _ _ _ _ Ch G) as X.
      assert (Y : forall x, In (w, x) (snd (apply (rule m) (queue s) w)) ->
        x = caller_ending (rule m) (py_len (queue s))).
      { intros x Y. rewrite apply_ends in Y by assumption. apply in_app_iff in Y as [Y|[Y|[]]]; [|now inversion Y].
        apply in_combine_l, (inv_queue _ I) in Y. congruence. }
      destruct X as [X|(i & X & Z)]; [left | right; exists i; split; [assumption | symmetry]]; now apply Y. }
    unfold caller_ends in V. destruct (Rule_caller (rule m)) eqn:Ca.
    + rewrite apply_parks in Fst by assumption. rewrite status_caller, Ca; [reflexivity|]. now rewrite Fst.
    + destruct V as (e & _ & -> & [->|(i & -> & X)]); auto; unfold caller_ending in *; rewrite Ca in *; easy.
    + destruct V as (e & G & -> & _); eauto.
    + destruct V as (e & _ & -> & [->|(i & -> & X)]); auto; unfold caller_ending in *; rewrite Ca in *; easy.
    + exfalso. unfold caller_ends in K. rewrite Ca in K. intuition discriminate.
  - destruct (sane_withdrawal _ _ _ sane _ _ _ _ _ (inv_sound _ I) (parked_if_in s w I) O) as (_ & Fi & Ca & _).
    rewrite Ca, status_caller, Ca; [reflexivity|]. rewrite Fst, apply_leaves_fst by assumption.
    destruct (Queue_beq _ _); [easy|]. exact (without_gone w _ (inv_nodup _ I)).
Qed.

(* A step that leaves the parked where they are and reaches no other call changes no other call. *)
Theorem others_stay s w a s' m : reachable s -> step s w a s' -> log s' = m :: log s ->
  Rule_queue (rule m) = Queue_stays -> reached m = [] -> forall c, c <> w -> status s' c = status s c.
Proof using sane.
  intros R S L Q E c D. pose proof (reachable_inv _ R) as I.
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & [Ch _] & _ & -> & C).
  apply chosen_fst in Ch. apply status_other; [assumption | | now rewrite E]. rewrite Ch. intro G.
  destruct C as [(op & _ & F & O)|(_ & _ & O)].
  - destruct (caller_parks_or_ends _ _ _ _ (inv_sound _ I) O) as [Fi [K|K]].
    + now rewrite apply_parks in G.
    + rewrite apply_ends_fst, Q in G by assumption. cbn in G. destruct G as [G|[]]. congruence.
  - destruct (sane_withdrawal _ _ _ sane _ _ _ _ _ (inv_sound _ I) (parked_if_in s w I) O) as (_ & Fi & Ca & _).
    now rewrite apply_leaves_fst, Q in G.
Qed.

(* C4, of every machine whose refusals leave its state as it was, and the parked where they are. *)
Theorem refusal s w a s' m : reachable s -> step s w a s' -> log s' = m :: log s ->
  Rule_caller (rule m) = Caller_raises -> Rule_queue (rule m) = Queue_stays -> reaches M (rule m) = false ->
  (exists e others, Rule_errors (rule m) = e :: others) -> after m = state s ->
  state s' = state s /\ queue s' = queue s /\ (forall c, c <> w -> status s' c = status s c) /\
  exists e others, Rule_errors (rule m) = e :: others /\ status s' w = Done (Ends_error e).
Proof using sane.
  intros R S L Ca Q Re (e & others & E) Af.
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & B & _ & [_ F] & Qu & _).
  split; [congruence|]. split; [|split].
  - rewrite Qu, apply_ends by (unfold caller_ends; rewrite ?Q; auto; easy). now rewrite Q.
  - apply (others_stay _ _ _ _ _ R S L Q). destruct (reached m) as [|d l]; [reflexivity|].
    destruct (F d (or_introl eq_refl)) as [X _]. congruence.
  - exists e, others. split; [assumption|]. pose proof (caller_becomes _ _ _ _ _ R S L) as K. rewrite Ca in K.
    rewrite K.
    unfold error_of. now rewrite E.
Qed.

(* C7, of every machine and step that withdraws a call, leaves the parked where they are, and reaches no call. *)
Theorem withdrawal s w s' m : reachable s -> step s w Withdraws s' -> log s' = m :: log s ->
  Rule_queue (rule m) = Queue_stays -> reaches M (rule m) = false ->
  status s' w = Left /\ (forall c, c <> w -> status s' c = status s c) /\
  queue s' = filter (fun c => negb (c =? w)) (queue s).
Proof using sane.
  intros R S L Q Re. pose proof (reachable_inv _ R) as I.
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & [_ F] & Qu & _ & [(op & X & _)|(_ & _ & O)]); [easy|].
  destruct (sane_withdrawal _ _ _ sane _ _ _ _ _ (inv_sound _ I) (parked_if_in s w I) O) as (_ & Fi & Ca & _).
  split; [|split].
  - pose proof (caller_becomes _ _ _ _ _ R S L) as K. now rewrite Ca in K.
  - apply (others_stay _ _ _ _ _ R S L Q). destruct (reached m) as [|d l]; [reflexivity|].
    destruct (F d (or_introl eq_refl)) as [X _]. congruence.
  - rewrite Qu, apply_leaves, Q by assumption. cbn. apply without_filter, (inv_nodup _ I).
Qed.

(* No call is given an ending by two moments. *)
Theorem given_once l : NoDup (given l) -> forall l1 m l2 l1' m' l2' c, l = l1 ++ m :: l2 -> l = l1' ++ m' :: l2' ->
  In c (map fst (resumed m)) -> In c (map fst (resumed m')) -> l2' = l2.
Proof using.
  assert (later : forall (l : list (Moment M)) m c, In m l -> In c (map fst (resumed m)) -> In c (given l))
    by (intros k m c I G; apply in_flat_map; eauto).
  assert (disjoint : forall (a b : list Call) c, NoDup (a ++ b) -> In c a -> In c b -> False).
  { induction a as [|x a IH]; cbn; [easy|]. intros b c N [<-|I] J; inversion N; subst; [|eauto].
    apply H1, in_app_iff. now right. }
  induction l as [|k l IH]; intros N l1 m l2 l1' m' l2' c E E' G G'; [now destruct l1|].
  cbn in N. destruct l1 as [|k1 l1], l1' as [|k1' l1']; cbn in E, E'; injection E as E1 E2; injection E' as E3 E4;
    subst k l.
  - congruence.
  - exfalso. eapply disjoint; [exact N | exact G | eapply later; [|exact G']]. rewrite E4, in_app_iff. right. now left.
  - exfalso. eapply disjoint; [exact N | rewrite E3; exact G' | eapply later; [|exact G]]. rewrite in_app_iff. right.
    now left.
  - apply nodup_app_right in N. eapply IH; eauto.
Qed.

(* Each call that a moment remembers has ended, is released, or is parked in the queue. *)
Theorem none_is_lost s m : reachable s -> In m (log s) ->
  (exists e, status s (who m) = Done e) \/ status s (who m) = Left \/ (exists e, status s (who m) = Released e) \/
  status s (who m) = Parked /\ In (who m) (queue s).
Proof using sane.
  intros R H. pose proof (reachable_inv _ R) as I. pose proof (inv_acted _ I _ H) as N.
  destruct (status s (who m)) eqn:E; eauto; [easy|]. do 3 right. split; [reflexivity|]. now apply (inv_queue _ I).
Qed.

(* The system takes every call: there is a step for it, whatever the host has done before. *)
Theorem every_call_takes_effect s w op : status s w = Fresh -> exists s', step s w (Calls op) s'.
Proof using.
  intro F. destruct (on_call M op (state s)) as [st r] eqn:O. set (told := snd (apply r (queue s) w)).
  pose (indices := py_range 0 (py_len (filter (fun p => is_open (snd p)) told))).
  exists (perform s w (Calls op) (on_call M op (state s)) (choose indices told) []). constructor; [assumption|].
  rewrite O. split; [exists indices; split; [apply Permutation_refl | reflexivity] | easy].
Qed.

(* A call that has ended, or was withdrawn, makes no step, and no step changes it. *)
Theorem ended_stays s w a s' c e : reachable s -> step s w a s' -> status s c = Done e -> status s' c = Done e.
Proof using sane.
  intros R S H. pose proof (reachable_inv _ R) as I.
  assert (D : c <> w) by (intros ->; destruct S as [? ? ? F|? ? F|? F];
    [congruence | destruct F as [F|[[? F]|[F _]]]; congruence | congruence]).
  assert (K : a = Continues \/ a <> Continues) by (destruct a; (now left) || now right).
  destruct K as [->|K].
  { destruct (no_moment _ _ _ S) as (x & _ & ->). cbn. apply Z.eqb_neq in D. now rewrite D. }
  destruct (a_moment _ _ _ _ S K) as [m L]. destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & [_ Re] & _ & ->
    & _).
  rewrite <- H. apply status_other; [assumption | |].
  - intro G. destruct (resumed_were_there _ _ _ _ _ _ R S L G) as [[? _]|[_ Q]]; [easy|]. apply (inv_queue _ I) in Q.
    congruence.
  - intro F. destruct (Re c F) as (_ & _ & i & X). congruence.
Qed.

(* ---- runs ---- *)
Lemma run_reachable (r : Run M) acts : is_run r acts -> forall n, reachable (r n).
Proof.
  intros [Z0 St] n. induction n; [rewrite Z0; constructor|].
  specialize (St n). destruct (acts n) as [[w a]|]; [eapply reach_step; eauto | congruence].
Qed.

(* A released call continues under weak fairness, or is cancelled: with its ending, or, if some step may reach it, with
   the error of that step. P holds of each of these. *)
Theorem released_continues (r : Run M) acts (P : Ending -> Prop) : is_run r acts -> weakly_fair r acts ->
  (forall s m i, reachable s -> In m (log s) -> reaches M (rule m) = true -> P (Ends_index i) ->
    P (error_of (rule m))) ->
  forall n c e, status (r n) c = Released e -> P e -> continues_or_is_cancelled r acts n c P.
Proof using sane.
  intros Run Fair Stable n c e H Pe.
  assert (K : forall d, (exists e, status (r (n + d)%nat) c = Released e /\ P e) \/
    continues_or_is_cancelled r acts n c P).
  { induction d as [|d [(e' & IH & Pe')|IH]]; [left; rewrite Nat.add_0_r; eauto | | now right].
    pose proof (proj2 Run (n + d)%nat) as S. rewrite Nat.add_succ_r.
    destruct (acts (n + d)%nat) as [[w a]|] eqn:A; [|left; exists e'; split; congruence].
    destruct (released_next _ _ _ _ _ _ (run_reachable _ _ Run _) S IH)
      as [X|[(<- & [[-> X]|[-> X]])|(m & i & L & _ & Re & -> & X)]].
    - left; eauto.
    - right. exists (Datatypes.S (n + d)). split; [lia|]. left; eauto.
    - right. exists (Datatypes.S (n + d)). split; [lia|]. right. split; [assumption|]. exists (n + d)%nat. split;
      [lia | assumption].
    - left. exists (error_of (rule m)). split; [assumption|]. eapply Stable; eauto.
      + eapply reach_step; [apply (run_reachable _ _ Run) | exact S].
      + rewrite L. now left. }
  destruct (Fair c n) as (m & L & F). replace m with (n + (m - n))%nat in F by lia.
  destruct (K (m - n)%nat) as [(e' & X & Pe')|X]; [|assumption]. destruct F as [F|F]; [|now apply F in X].
  pose proof (proj2 Run (n + (m - n))%nat) as S. rewrite F in S.
  destruct (no_moment _ _ _ S) as (e2 & E & Q).
  exists (Datatypes.S (n + (m - n))). split; [lia|]. left. exists e'. split; [|assumption].
  rewrite Q. cbn. rewrite Z.eqb_refl. congruence.
Qed.

(* So does each call that a step lets continue. *)
Corollary given_continues (r : Run M) acts (P : Ending -> Prop) : is_run r acts -> weakly_fair r acts ->
  (forall s m i, reachable s -> In m (log s) -> reaches M (rule m) = true -> P (Ends_index i) ->
    P (error_of (rule m))) ->
  forall n w a m c, acts n = Some (w, a) -> log (r (S n)) = m :: log (r n) -> In c (map fst (resumed m)) ->
  (forall e, In (c, e) (resumed m) -> P e) -> continues_or_is_cancelled r acts (S n) c P.
Proof using sane.
  intros Run Fair Stable n w a m c A L G H. pose proof (proj2 Run n) as S. rewrite A in S.
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & _ & _ & St & _).
  destruct (Z.eq_dec c w) as [->|D].
  - destruct (status_caller_given (rule m) w (resumed m) (reached m) (status (r n)) G) as (e & I & E).
    exists (Datatypes.S n). split; [lia|]. left. exists e. rewrite St. auto.
  - destruct (status_given (rule m) w (resumed m) (reached m) (status (r n)) c D G) as (e & I & E).
    eapply released_continues; eauto. now rewrite St.
Qed.
End System.
