(* The claims about the latch hold. *)
From Coq Require Import ZArith List Bool Lia.
From Latchproof Require Import Py Step Machine System Lists SystemProof LatchWords LatchClaims.
From Latchproof Require Latch.
Import ListNotations.
Local Open Scope Z_scope.

Definition sound (st : Latch.State) : Prop := 0 <= count st /\ 0 <= parked st /\ (count st = 0 -> parked st = 0).

(* Takes the cases of a function of the machine apart: O says what it returned. *)
Ltac cases O := cbn in O; unfold Latch.operate, Latch.withdrawal, Latch.wait, Latch.count_down, Latch.set_count,
  Latch.withdraw in O; cbn in O;
  repeat match type of O with context [if ?b then _ else _] => destruct b eqn:? end;
  let X := fresh "X" in let Y := fresh "Y" in inversion O as [[X Y]].
Ltac arith := unfold sound, count, parked in *; cbn in *;
  rewrite ?andb_true_iff, ?andb_false_iff, ?orb_true_iff, ?Z.leb_le, ?Z.ltb_lt, ?Z.eqb_eq, ?Z.eqb_neq, ?Z.ltb_ge,
    ?negb_true_iff in *; cbn in *.

Section Latch.
Variables (policy : Latch.LatchPolicy) (initial : Latch.State).
Hypothesis is_new : new initial.
Notation latch := (Latch.machine policy initial).
Implicit Types (s : System latch) (m : Moment latch) (a : Action latch).

Lemma sane : Sane latch parked sound.
Proof using is_new.
  constructor; cbn.
  - destruct is_new as (argument & rule & M & N). unfold Latch.create in M.
    destruct (Latch.set_count 0 0 argument Latch.LATCHPROOF) as [[n p] r] eqn:O.
    inversion M; subst. cases O; subst; cbn in N; try easy; arith; intuition lia.
  - intros op [n p] st' r K O. unfold caller_ends. destruct op; cases O; subst; arith; intuition (try easy; try lia).
  - intros b1 b2 [n p] st' r K P O. cases O; subst; arith; intuition (try easy; try lia).
Qed.
Lemma inv s : reachable s -> Inv (M := latch) parked sound s.
Proof using is_new. apply reachable_inv, sane. Qed.

Lemma c1_here s : reachable s -> 0 <= count (state s) /\ count (state s) = set_less_counted (log s).
Proof using is_new.
  intro R. split; [apply (inv _ R)|].
  induction R as [|s w a s' R IH S]; [reflexivity|].
  destruct a as [op| |]; [| |destruct (no_moment _ _ _ S) as (e & _ & ->); exact IH].
  all: destruct (a_moment _ _ _ _ S) as [m L]; [easy|]; pose proof (inv_sound _ _ _ (inv _ R)) as K.
  all: destruct (performed _ _ _ _ _ S L) as (_ & A & _ & Af & _ & _ & _ & _ & C).
  all: rewrite L, <- Af; cbn [set_less_counted]; rewrite <- IH, A; destruct (state s) as [n p];
    destruct m as [? ? ru ? af ? ? ?]; cbn in *.
  - destruct C as [(o & Eop & _ & O)|(X & _)]; [|easy]. inversion Eop; subst o.
    clear - K O. destruct op; cases O; subst; cbn; arith; try reflexivity; lia.
  - destruct C as [(o & Eop & _)|(_ & _ & O)]; [easy|]. clear - O. cases O; subst; reflexivity.
Qed.

(* A call that is parked is a wait. *)
Lemma parked_waits s c : reachable s -> status s c = Parked ->
  exists m, In m (log s) /\ who m = c /\ action m = Calls Latch.Wait.
Proof using is_new.
  intros R H. pose proof (inv _ R) as I. destruct (inv_called _ _ _ I c) as [X|[X|(m & op & M & W & A)]];
    try congruence.
  exists m. repeat split; auto. rewrite A. apply in_split in M as (l1 & l2 & L).
  destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1); subst l2.
  destruct (performed _ _ _ _ _ S L1) as (_ & _ & _ & _ & _ & [Ch _] & _ & _ & [(o & Eop & F & O)|(X & _)]);
    [|congruence].
  rewrite A in Eop; inversion Eop; subst o. destruct op; [reflexivity|exfalso..].
  all: assert (X : In c (given (log s))); [|apply (inv_given _ _ _ I) in X; easy].
  all: rewrite L; unfold given; rewrite flat_map_app, in_app_iff; right; cbn; rewrite in_app_iff; left.
  all: destruct (caller_parks_or_ends _ _ sane _ _ _ _ (inv_sound _ _ _ (inv _ R0)) O) as [Fi [Y|Y]];
    [exfalso; destruct (state s0); cases O; match goal with H : _ = rule _ |- _ => rewrite <- H in Y;
      discriminate Y end|].
  all: rewrite (chosen_fst _ _ Ch), apply_ends_fst, <- W, in_app_iff by assumption; right; now left.
Qed.

Lemma given_if_ended s c e : reachable s -> status s c = Released e \/ status s c = Done e -> In c (given (log s)).
Proof using is_new. intros R H. eapply (inv_ended _ _ _ (inv _ R)); eauto. Qed.

Lemma c2_here s : reachable s -> (count (state s) = 0 -> queue s = []) /\ parked (state s) = py_len (queue s) /\
  NoDup (queue s) /\
  forall c, In c (queue s) <-> (exists m, In m (log s) /\ who m = c /\ action m = Calls Latch.Wait) /\
    ~ In c (given (log s)) /\ ~ In c (withdrawn (log s)).
Proof using is_new.
  intro R. pose proof (inv _ R) as I. split; [|split; [apply (inv_parked _ _ _ I)|split; [apply (inv_nodup _ _ _ I)|]]].
  - intro Z. destruct (inv_sound _ _ _ I) as (_ & _ & K). pose proof (inv_parked _ _ _ I) as P. rewrite (K Z) in P.
    destruct (queue s); [reflexivity|]. unfold py_len in P; cbn [length] in P. lia.
  - intro c. rewrite (inv_queue _ _ _ I). split.
    + intro H. split; [now apply parked_waits|]. split.
      * intro X; apply (inv_given _ _ _ I) in X; easy.
      * intro X; apply (inv_withdrawn _ _ _ I) in X; congruence.
    + intros ((m & M & W & A) & N1 & N2). pose proof (inv_acted _ _ _ I _ M) as X. rewrite W in X.
      destruct (status s c) as [| |e|e|] eqn:E; [easy | reflexivity | exfalso..].
      * apply N1. eapply given_if_ended; eauto.
      * apply N1. eapply given_if_ended; eauto.
      * apply N2, (inv_withdrawn _ _ _ I), E.
Qed.

(* No rule of the latch leaves an index open, or reaches a released call. *)
Lemma told s w a s' m : step s w a s' -> log s' = m :: log s ->
  resumed m = snd (apply (rule m) (queue s) w) /\ reached m = [].
Proof using.
  intros S L. destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & [Ch Re] & _ & _ & C). split.
  - apply chosen_closed; [|exact Ch]. clear Ch Re S L. intros [c e] H. cbn.
    assert (K : Rule_queue (rule m) = Queue_stays \/ Rule_queue (rule m) = Queue_released)
      by (destruct C as [(op & _ & _ & O)|(_ & _ & O)]; destruct (state s); [destruct op|]; cases O; cbn; auto).
    assert (N : Rule_caller (rule m) <> Caller_returns_an_index)
      by (destruct C as [(op & _ & _ & O)|(_ & _ & O)]; destruct (state s); [destruct op|]; cases O; easy).
    assert (E : forall n, In e (endings (rule m) n) -> is_open e = false).
    { intros n X. unfold endings in X. destruct K as [K|K]; rewrite K in X; cbn in X; [easy|]. apply repeat_spec in X.
      now subst. }
    assert (Ec : forall n, is_open (caller_ending (rule m) n) = false)
      by (intro n; unfold caller_ending; destruct (Rule_caller (rule m)); easy).
    unfold apply in H. assert (Q : Queue_beq (Rule_queue (rule m)) Queue_first = false) by
      (destruct K as [K|K]; now rewrite K).
    rewrite Q in H. destruct (Rule_caller (rule m)) eqn:Ca; cbn in H; try easy.
    all: try (apply in_app_iff in H as [H|[H|[]]]; [apply in_combine_r in H; eauto | inversion H; auto]).
    apply in_combine_r in H; eauto.
  - destruct (reached m) as [|d l]; [reflexivity|]. destruct (Re d (or_introl eq_refl)) as [X _]. discriminate X.
Qed.

(* What a step gives: to a parked call a return, at zero; to its caller, if it is a wait, a return, at zero. *)
Lemma let_go s w a s' m c e : reachable s -> step s w a s' -> log s' = m :: log s -> In (c, e) (resumed m) ->
  (c = w \/ In c (queue s) /\ e = Ends_plainly /\ count (after m) = 0) /\
  (c = w -> exists op, a = Calls op /\ (op = Latch.Wait -> e = Ends_plainly /\ count (before m) = 0)).
Proof using is_new.
  intros R S L H. destruct (told _ _ _ _ _ S L) as [G _]. rewrite G in H. pose proof (inv _ R) as I.
    pose proof (inv_sound _ _ _ I) as K.
  destruct (performed _ _ _ _ _ S L) as (W & A & Bf & _ & _ & _ & _ & _ & C). rewrite Bf. clear S L G.
  destruct (state s) as [n k]. destruct C as [(op & Eop & F & O)|(_ & _ & O)].
  - assert (Nw : ~ In w (queue s)) by (rewrite (inv_queue _ _ _ I); congruence).
    destruct op; cases O; rewrite <- Y in *;
      first [rewrite apply_parks in H by reflexivity | rewrite apply_ends in H by
        (unfold caller_ends; cbn; auto; easy)]; cbn in H; try easy;
      apply in_app_iff in H as [H|[H|[]]]; try (destruct (queue s); easy).
    all: try (inversion H; subst c e; split; [now left | intros _; rewrite Eop; eexists; split; [reflexivity|]];
              intro Hop; first [discriminate Hop | split; [reflexivity|]; arith; lia]).
    all: pose proof (in_combine_l _ _ _ _ H) as Hl; apply in_combine_r, repeat_spec in H; cbn in *; split;
      [right; auto | congruence].
  - cases O; rewrite <- Y in *; rewrite apply_leaves in H by easy; cbn in H; destruct (without w (queue s)); easy.
Qed.

(* A call that has an ending was given it by a moment. *)
Lemma given_by s c e : reachable s -> status s c = Released e \/ status s c = Done e -> exists m, In m (log s) /\
  In (c, e) (resumed m).
Proof using.
  intros R H. destruct (ended_by _ R _ _ H) as (m & M & [G|[G _]]); [eauto|]. exfalso.
  apply in_split in M as (l1 & l2 & L). destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1); subst l2.
  destruct (told _ _ _ _ _ S L1) as [_ X]. now rewrite X in G.
Qed.

Lemma c3_here s later m earlier c e : reachable s -> log s = later ++ m :: earlier -> who m = c ->
  action m = Calls Latch.Wait ->
  status s c = Released e \/ status s c = Done e ->
  e = Ends_plainly /\
  exists k, In k (later ++ [m]) /\ In (c, e) (resumed k) /\ (count (before k) = 0 \/ count (after k) = 0).
Proof using is_new.
  intros R L W A H. destruct (given_by _ _ _ R H) as (k & M & G).
  destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1). pose proof (inv _ R0) as I0.
  assert (F : status s0 c = Fresh) by (rewrite A in S; inversion S; congruence).
  rewrite L in M. apply in_app_iff in M as [M|[<-|M]].
  - apply in_split in M as (l1 & l2 & E). rewrite E, <- app_assoc in L. cbn in L.
    destruct (logged _ R _ _ _ L) as (s2 & s3 & R2 & S2 & L2 & L3).
    destruct (let_go _ _ _ _ _ _ _ R2 S2 ltac:(now rewrite L3, L2) G) as [[X|(_ & X & Y)] Z].
    + exfalso. destruct (Z X) as (op & Eop & _). rewrite Eop in S2. inversion S2. subst.
      apply (inv_acted _ _ _ (inv _ R2) m); [rewrite L2, in_app_iff; right; now left | congruence].
    + split; [assumption|]. exists k. split; [rewrite E, !in_app_iff; cbn; auto | split; [assumption | auto]].
  - destruct (let_go _ _ _ _ _ _ _ R0 S ltac:(now rewrite L1, L0) G) as [_ Z].
    destruct (Z (eq_sym W)) as (op & Eop & X). rewrite A in Eop. inversion Eop. destruct X as [X Y]; [auto|].
    split; [assumption|]. exists m. split; [rewrite in_app_iff; cbn; auto | split; [assumption | auto]].
  - exfalso. assert (X : In c (given (log s0))) by (rewrite L0; unfold given; apply in_flat_map; exists k; split;
    [assumption | now apply (in_map fst) in G]).
    apply (inv_given _ _ _ I0) in X. easy.
Qed.


Lemma stays_put s w a s' m : reachable s -> step s w a s' -> log s' = m :: log s -> reached m = [].
Proof using. intros R S L. now destruct (told _ _ _ _ _ S L). Qed.

Lemma c4_here s s' w a m : reachable s -> step s w a s' -> log s' = m :: log s -> Rule_refuses (rule m) = true ->
  state s' = state s /\ queue s' = queue s /\ (forall c, c <> w -> status s' c = status s c) /\
  exists e others, Rule_errors (rule m) = e :: others /\ status s' w = Done (Ends_error e).
Proof using is_new.
  intros R S L Ref. pose proof (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & _ & _ & _ & C).
  enough (Rule_caller (rule m) = Caller_raises /\ Rule_queue (rule m) = Queue_stays /\
          (exists e others, Rule_errors (rule m) = e :: others) /\ after m = state s) as (K1 & K2 & K3 & K4)
    by (eapply refusal; eauto using sane).
  clear S L. destruct m as [? ? ru ? af ? ? ?]; cbn in *. destruct (state s) as [n k].
  destruct C as [(op & _ & _ & O)|(_ & _ & O)]; [destruct op|]; cases O; subst; cbn in Ref; try discriminate Ref;
    repeat split; try reflexivity; do 2 eexists; reflexivity.
Qed.

Lemma c7_here s s' w : reachable s -> step s w Withdraws s' ->
  status s' w = Left /\ (forall c, c <> w -> status s' c = status s c) /\
  queue s' = filter (fun c => negb (c =? w)) (queue s) /\
  count (state s') = count (state s) /\ parked (state s') = parked (state s) - (if is_parked s w then 1 else 0).
Proof using is_new.
  intros R S. destruct (a_moment _ _ _ _ S) as [m L]; [easy|].
  pose proof (performed _ _ _ _ _ S L) as (_ & _ & _ & Af & _ & _ & _ & _ & [(op & X & _)|(_ & _ & O)]); [easy|].
  assert (Q : Rule_queue (rule m) = Queue_stays) by (clear - O; destruct (state s); cases O; subst; easy).
  destruct (withdrawal _ _ sane _ _ _ _ R S L Q eq_refl) as (A & B & C). repeat split; auto.
  all: rewrite <- Af; clear - O; destruct (state s); cases O; subst; cbn; lia.
Qed.

Lemma c10_here s s' w a m : reachable s -> step s w a s' -> log s' = m :: log s ->
  let errors := match a with Calls operation => errors_due policy operation (state s) | _ => [] end in
  (if Rule_refuses (rule m) then Rule_errors (rule m) else []) = errors /\
  (forall e, status s' w = Done (Ends_error e) <-> hd_error errors = Some e) /\
  Rule_warns (rule m) = match a with Calls operation => warning_due policy operation (state s) | _ => false end.
Proof using is_new.
  intros R S L errors. pose proof (inv_sound _ _ _ (inv _ R)) as K.
    pose proof (caller_becomes _ _ sane _ _ _ _ _ R S L) as E.
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & _ & _ & _ & C).
  enough (X : (if Rule_refuses (rule m) then Rule_errors (rule m) else []) = errors /\
    Rule_warns (rule m) = match a with Calls operation => warning_due policy operation (state s) | _ => false end /\
    (match Rule_caller (rule m) with Caller_raises => Some (nth 0 (Rule_errors (rule m)) IndexError) | _ =>
      None end = hd_error errors) /\
    Rule_caller (rule m) <> Caller_returns_an_index).
  { destruct X as (X1 & X2 & X3 & X4). split; [assumption|]. split; [|assumption]. intro e. rewrite <- X3.
    destruct (Rule_caller (rule m)); try easy; rewrite E; unfold error_of; split; intro H; inversion H; congruence. }
  clear E S L R. subst errors. destruct m as [? ? ru ? af ? ? ?]; cbn in *. destruct (state s) as [n k].
    unfold warning_due, errors_due.
  destruct C as [(op & -> & _ & O)|(-> & _ & O)]; [destruct op|]; cases O; subst; cbn; try easy.
  all: destruct (Latch.LatchPolicy_over_counting policy), (Latch.LatchPolicy_set_count_in_use policy); cbn in *;
    try discriminate.
  all: arith; repeat match goal with |- context [?x <? ?y] => destruct (Z.ltb_spec x y) end;
    repeat match goal with |- context [?x =? ?y] => destruct (Z.eqb_spec x y) end; cbn; try lia; try easy.
Qed.

Lemma c11_here s m : reachable s -> In m (log s) ->
  (exists e, status s (who m) = Done e) \/ status s (who m) = Left \/ (exists e, status s (who m) = Released e) \/
  status s (who m) = Parked /\ In (who m) (queue s) /\ 0 < count (state s).
Proof using is_new.
  intros R H. destruct (none_is_lost _ _ sane _ _ R H) as [K|[K|[K|[K Q]]]]; auto. do 3 right. repeat split; auto.
  pose proof (inv _ R) as I. destruct (inv_sound _ _ _ I) as (A & _ & B).
    destruct (Z.eq_dec (count (state s)) 0) as [Z|Z]; [|lia].
  destruct (c2_here _ R) as (C & _). now rewrite (C Z) in Q.
Qed.

Lemma c12_here (r : Run latch) acts n c : is_run r acts -> weakly_fair r acts ->
  status (r n) c = Parked -> count (state (r (S n))) = 0 -> acts n <> Some (c, Withdraws) ->
  continues_or_is_cancelled r acts (S n) c (fun e => e = Ends_plainly).
Proof using is_new.
  intros Run Fair C Z N. pose proof (proj2 Run n) as S. pose proof (run_reachable _ _ Run n) as R.
  pose proof (run_reachable _ _ Run (Datatypes.S n)) as R'.
  assert (Q : queue (r (Datatypes.S n)) = nil) by (now apply (c2_here _ R')).
  assert (nP : status (r (Datatypes.S n)) c <> Parked) by (rewrite <- (inv_queue _ _ _ (inv _ R')), Q; easy).
  destruct (acts n) as [[w a]|]; [|congruence].
  assert (G : a <> Continues).
  { intros ->. destruct (no_moment _ _ _ S) as (e & E & X). rewrite X in nP. cbn in nP. destruct (Z.eqb_spec c w);
    [congruence|easy]. }
  destruct (a_moment _ _ _ _ S G) as [m L].
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & _ & _ & St & X).
  assert (D : c <> w) by (intros ->; destruct X as [(o & _ & F & _)|(-> & _)]; congruence).
  destruct (in_dec Z.eq_dec c (map fst (resumed m))) as [V|V].
  - destruct (status_given (rule m) w (resumed m) (reached m) (status (r n)) c D V) as (e & V1 & V2).
    destruct (let_go _ _ _ _ _ _ _ R S L V1) as [[?|(_ & -> & _)] _]; [easy|].
    apply (released_continues _ _ sane _ _ (fun e => e = Ends_plainly) Run Fair) with (e := Ends_plainly); auto;
      [easy|].
    now rewrite St.
  - exfalso. apply nP. rewrite St. rewrite status_other; auto. now rewrite (stays_put _ _ _ _ _ R S L).
Qed.

Lemma c15_here s : reachable s -> (forall m, In m (log s) -> In (rule m) Latch.RULES) /\
  forall c e, status s c = Released (Ends_error e) \/ status s c = Done (Ends_error e) ->
  exists m, In m (log s) /\ who m = c /\ Rule_refuses (rule m) = true /\ hd_error (Rule_errors (rule m)) = Some e.
Proof using is_new.
  intro R. split.
  - intros m H. apply in_split in H as (l1 & l2 & L). destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1);
    subst l2.
    destruct (performed _ _ _ _ _ S L1) as (_ & _ & _ & _ & _ & _ & _ & _ & C). clear - C.
    destruct C as [(op & _ & _ & O)|(_ & _ & O)]; destruct (state s0); [destruct op|]; cases O; cbn; tauto.
  - intros c e H. destruct (given_by _ _ _ R H) as (m & M & G). exists m. split; [assumption|].
    apply in_split in M as (l1 & l2 & L). destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1); subst l2.
    destruct (let_go _ _ _ _ _ _ _ R0 S L1 G) as [[X|(_ & X & _)] _]; [|discriminate X]. split; [congruence|].
    pose proof (caller_becomes _ _ sane _ _ _ _ _ R0 S L1) as B. pose proof (inv _ R0) as I.
    destruct (performed _ _ _ _ _ S L1) as (_ & _ & _ & _ & _ & _ & _ & St & C).
    assert (V : In (who m) (map fst (resumed m))) by (rewrite <- X; now apply (in_map fst) in G).
    assert (E : status s1 (who m) = Done (Ends_error e)).
    { destruct (status_caller_given (rule m) (who m) (resumed m) (reached m) (status s0) V) as (e' & V1 & V2).
      rewrite St, V2.
      f_equal. rewrite X in G. pose proof (inv_given_once _ _ _ (inv _ (reach_step _ _ _ _ _ R0 S))) as N.
        rewrite L1 in N. cbn in N.
      apply nodup_app_left in N. eapply same_value; eauto. }
    clear - B E C. destruct m as [? ? ru ? af ? ? ?]; cbn in *.
    destruct C as [(op & _ & _ & O)|(_ & _ & O)]; destruct (state s0); [destruct op|]; cases O; subst ru; cbn in *;
      rewrite E in B;
      inversion B; subst; easy.
Qed.

Lemma c16_here s : reachable s ->
  Latch.reads_count (count (state s)) (parked (state s)) = count (state s) /\
  Latch.reads_is_open (count (state s)) (parked (state s)) = (count (state s) =? 0) /\
  Latch.reads_n_waiting (count (state s)) (parked (state s)) = py_len (queue s) /\
  (Latch.counts_released_in_n_waiting policy = false <->
   Latch.LatchPolicy_set_count_in_use policy = Latch.set_count_in_use_refuses) /\
  Latch.counts_released_in_count policy = false /\ Latch.counts_released_in_is_open policy = false.
Proof using is_new.
  intro R. repeat split; [apply (inv_parked _ _ _ (inv _ R)) | |];
    unfold Latch.counts_released_in_n_waiting; now destruct (Latch.LatchPolicy_set_count_in_use policy).
Qed.
End Latch.

Lemma created argument initial rule : Latch.create argument = (tt, initial, rule) ->
  (if Rule_refuses rule then Rule_errors rule else []) =
    (if negb (is_whole_number argument) then [TypeError] else if number argument <? 0 then [ValueError] else []) /\
  Rule_warns rule = false /\ (Rule_refuses rule = false -> initial = (number argument, 0)).
Proof.
  unfold Latch.create. intro M. destruct (Latch.set_count 0 0 argument Latch.LATCHPROOF) as [[n p] r] eqn:O.
  inversion M; subst. cases O; subst; cbn; easy.
Qed.

Theorem c1 : C1.
Proof. red. intros. now apply c1_here. Qed.
Theorem c2 : C2.
Proof. red. intros. now apply c2_here. Qed.
Theorem c3 : C3.
Proof. red. intros. eapply c3_here; eauto. Qed.
Theorem c4 : C4.
Proof. red. intros. eapply c4_here; eauto. Qed.
Theorem c7 : C7.
Proof. red. intros. eapply c7_here; eauto. Qed.
Theorem c10 : C10.
Proof.
  split.
  - intros. eapply c10_here; eauto.
  - intros argument initial rule M. destruct (created _ _ _ M) as (A & B & _). auto.
Qed.
Theorem c11 : C11.
Proof. red. intros. eapply c11_here; eauto. Qed.
Theorem c12 : C12.
Proof. red. intros. eapply c12_here; eauto. Qed.
Theorem c15 : C15.
Proof. red. intros. eapply c15_here; eauto. Qed.
Theorem c16 : C16.
Proof.
  split.
  - intros. eapply c16_here; eauto.
  - intros argument initial rule M. now destruct (created _ _ _ M) as (_ & _ & A).
Qed.
