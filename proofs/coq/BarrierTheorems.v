(* The claims about the barrier hold. *)
From Coq Require Import ZArith List Bool Lia Permutation.
From Latchproof Require Import Py Step Machine System Lists SystemProof BarrierWords BarrierClaims.
From Latchproof Require Barrier.
Import ListNotations.
Local Open Scope Z_scope.

Lemma range_snoc n : 0 <= n -> py_range 0 n ++ [n] = py_range 0 (n + 1).
Proof.
  intro H. unfold py_range. replace (Z.to_nat (n + 1 - 0)) with (S (Z.to_nat (n - 0))) by lia.
  rewrite seq_S, map_app; cbn. do 2 f_equal. lia.
Qed.
Lemma range_down_snoc n : 0 <= n -> py_range_down n 0 ++ [0] = py_range_down n (-1).
Proof.
  intro H. unfold py_range_down. replace (Z.to_nat (n - -1)) with (S (Z.to_nat (n - 0))) by lia.
  rewrite seq_S, map_app; cbn. do 2 f_equal. lia.
Qed.
Lemma range_down_rev n : 0 <= n -> py_range_down (n - 1) (-1) = rev (py_range 0 n).
Proof.
  intro H. unfold py_range, py_range_down. replace (Z.to_nat (n - 1 - -1)) with (Z.to_nat n) by lia.
  replace (Z.to_nat (n - 0)) with (Z.to_nat n) by lia. replace (n - 1) with (Z.of_nat (Z.to_nat n) - 1) by lia.
  generalize (Z.to_nat n) as k. induction k as [|k IH]; [reflexivity|].
  change (seq 0 (S k)) with (0%nat :: seq 1 k) at 1. rewrite (seq_S k 0), map_app, rev_app_distr, <- IH.
  cbn [map rev app]. rewrite <- seq_shift, map_map.
  f_equal; [lia|]. apply map_ext. intro; lia.
Qed.
Lemma range_nodup n : NoDup (py_range 0 n).
Proof. apply FinFun.Injective_map_NoDup; [intros x y; lia | apply seq_NoDup]. Qed.
Lemma range_in i n : In i (py_range 0 n) <-> 0 <= i < n.
Proof.
  unfold py_range. rewrite in_map_iff. split.
  - intros (k & E & I). apply in_seq in I. lia.
  - intros I. exists (Z.to_nat i). rewrite in_seq. lia.
Qed.

Lemma all_open q w given :
  chosen (combine q (py_times (Ends_index ANY_INDEX) (py_len q)) ++ [(w, Ends_index ANY_INDEX)]) given ->
  exists indices, map snd given = map Ends_index indices /\ Permutation indices (py_range 0 (py_len q + 1)).
Proof.
  intro Ch. set (told := combine _ _ ++ _) in Ch.
  assert (len : length (py_times (Ends_index ANY_INDEX) (py_len q)) = length q)
    by (unfold py_times, py_len; rewrite repeat_length; lia).
  assert (Snd : map snd told = py_times (Ends_index ANY_INDEX) (py_len q) ++ [Ends_index ANY_INDEX])
    by (unfold told; now rewrite map_app, snd_combine).
  assert (Op : forall p, In p told -> is_open (snd p) = true).
  { intros p H. apply (in_map snd) in H. rewrite Snd, in_app_iff in H. destruct H as [H|[<-|[]]]; [|reflexivity].
    apply repeat_spec in H. now rewrite H. }
  destruct (chosen_open _ _ Op Ch) as (indices & Pe & E). exists indices. split; [assumption|].
  replace (py_len q + 1) with (py_len told); [assumption|].
  unfold py_len at 1. rewrite <- (map_length snd), Snd, app_length, len. cbn. unfold py_len. lia.
Qed.

(* Takes the cases of a function of the machine apart: O says what it returned. *)
Ltac cases O := cbn in O; unfold Barrier.operate, Barrier.withdrawal, Barrier.wait, Barrier.abort, Barrier.reset,
  Barrier.withdraw in O; cbn in O;
  repeat match type of O with context [if ?b then _ else _] => destruct b eqn:? end;
  let X := fresh "X" in let Y := fresh "Y" in inversion O as [[X Y]].
Ltac arith := unfold parked, broken in *; cbn in *;
  rewrite ?andb_true_iff, ?andb_false_iff, ?orb_true_iff, ?Z.leb_le, ?Z.ltb_lt, ?Z.eqb_eq, ?Z.eqb_neq, ?Z.ltb_ge,
    ?negb_true_iff, ?negb_false_iff in *; cbn in *.

Section Barrier.
Variables (policy : Barrier.BarrierPolicy) (parties : Z) (initial : Barrier.State).
Hypothesis is_new : new parties initial.
Notation barrier := (Barrier.machine policy parties initial).
Implicit Types (s : System barrier) (m : Moment barrier) (a : Action barrier).

Definition sound (st : Barrier.State) : Prop := 0 <= parked st < parties /\ (parked st = 0 \/ broken st = false).

Lemma sane : Sane barrier parked sound.
Proof using is_new.
  constructor; cbn.
  - destruct is_new as (argument & rule & M & N). unfold Barrier.create in M. cases M; subst; cbn in N; try easy.
    unfold sound; arith; intuition lia.
  - intros op [n b] st' r K O. unfold caller_ends, sound in *. destruct op; cases O; subst; arith;
    intuition (try easy; try lia).
  - intros b1 b2 [n b] st' r K P O. unfold sound in *. cases O; subst; arith; intuition (try easy; try lia).
Qed.
Lemma inv s : reachable s -> Inv (M := barrier) parked sound s.
Proof using is_new. apply reachable_inv, sane. Qed.

(* ---- the step that gives indices ---- *)
Lemma trip s w a s' m : reachable s -> step s w a s' -> log s' = m :: log s -> Rule_queue (rule m) = Queue_indexed ->
  a = Calls Barrier.Wait /\ status s w = Fresh /\ who m = w /\ py_len (queue s) + 1 = parties /\
  map fst (resumed m) = queue s ++ [w] /\ arrived m = [w] /\
  Rule_order (rule m) = Barrier.BarrierPolicy_index_order policy /\
  exists indices, map snd (resumed m) = map Ends_index indices /\ Permutation indices (py_range 0 parties) /\
    match Barrier.BarrierPolicy_index_order policy with
    | IndexOrder_arrival => indices = py_range 0 parties
    | IndexOrder_reversed => indices = rev (py_range 0 parties)
    | IndexOrder_any | IndexOrder_one_leads => True
    end.
Proof using is_new.
  intros R S L Q. pose proof (inv _ R) as I. pose proof (inv_parked _ _ _ I) as P. pose proof (inv_sound _ _ _ I) as K.
  assert (N : 0 <= py_len (queue s)) by (unfold py_len; lia).
  destruct (performed _ _ _ _ _ S L) as (W & A & _ & _ & _ & [Ch _] & _ & _ & C). clear S L.
  pose proof (chosen_fst _ _ Ch) as Fst. destruct (state s) as [n b]. cbn in P. subst n.
  destruct C as [(op & Eop & F & O)|(_ & _ & O)].
  2: { cases O; rewrite <- Y in Q; discriminate Q. }
  unfold sound in K. destruct op; cases O; unfold arrived; rewrite <- Y in *; try discriminate Q.
  all: assert (M : parties = py_len (queue s) + 1) by (clear Ch Fst; arith; lia); rewrite W.
  all: rewrite apply_ends_fst in Fst by (unfold caller_ends; cbn; auto; easy); cbn in Fst.
  all: do 5 (split; [auto; lia|]); split; [reflexivity|].
  all: split; [destruct (Barrier.BarrierPolicy_index_order policy); easy|].
  all: rewrite apply_ends in Ch by (unfold caller_ends; cbn; auto; easy); cbn [fst snd] in Ch.
  all: match type of Ch with chosen (combine ?q ?es ++ [(_, ?last)]) _ =>
    assert (len : length es = length q) by (rewrite endings_length by easy; unfold py_len; lia);
    assert (Snd : map snd (combine q es ++ [(w, last)]) = es ++ [last]) by
      (rewrite map_app, snd_combine by assumption; reflexivity) end.
  all: destruct (Barrier.BarrierPolicy_index_order policy); try discriminate; unfold endings, caller_ending in *;
    cbn in Ch, len, Snd |- *.
  - exists (py_range 0 parties). rewrite (chosen_closed _ _) with (2 := Ch).
    + split; [|split; [apply Permutation_refl | reflexivity]]. rewrite Snd.
      replace (py_range 0 parties) with (py_range 0 (py_len (queue s) + 1)) by (f_equal; lia).
      now rewrite <- range_snoc, map_app by assumption.
    + intros p H. assert (V :
      In (snd p) (map snd (combine (queue s) (map Ends_index (py_range 0 (py_len (queue s)))) ++ [(w,
      Ends_index (py_len (queue s)))])))
        by now apply in_map.
      rewrite Snd, in_app_iff in V. destruct V as [V|[<-|[]]].
      * apply in_map_iff in V as (i & <- & V). apply range_in in V. cbn. apply Z.eqb_neq. unfold ANY_INDEX. lia.
      * cbn. apply Z.eqb_neq. unfold ANY_INDEX. lia.
  - exists (rev (py_range 0 parties)). rewrite (chosen_closed _ _) with (2 := Ch).
    + split; [|split; [apply Permutation_sym, Permutation_rev | reflexivity]].
      rewrite Snd, <- range_down_rev by lia. replace (parties - 1) with (py_len (queue s)) by lia.
      now rewrite <- range_down_snoc, map_app by assumption.
    + intros p H. assert (V :
      In (snd p) (map snd (combine (queue s) (map Ends_index (py_range_down (py_len (queue s)) 0)) ++ [(w,
      Ends_index 0)])))
        by now apply in_map.
      rewrite Snd, in_app_iff in V. destruct V as [V|[<-|[]]]; [|reflexivity].
      apply in_map_iff in V as (i & <- & V). cbn. apply Z.eqb_neq. unfold ANY_INDEX. unfold py_range_down in V.
      apply in_map_iff in V as (k & <- & V). apply in_seq in V. lia.
  - destruct (all_open _ _ _ Ch) as (indices & E & Pe). exists indices. split; [assumption|]. split; [|exact Logic.I].
    replace (py_range 0 parties) with (py_range 0 (py_len (queue s) + 1)) by (f_equal; lia). assumption.
  - destruct (all_open _ _ _ Ch) as (indices & E & Pe). exists indices. split; [assumption|]. split; [|exact Logic.I].
    replace (py_range 0 parties) with (py_range 0 (py_len (queue s) + 1)) by (f_equal; lia). assumption.
Qed.

(* ---- the steps that fail the parked ---- *)
Lemma reach s w a s' m : reachable s -> step s w a s' -> log s' = m :: log s -> reaches barrier (rule m) = true ->
  abort_may_reach_released policy /\ (a = Calls Barrier.Abort \/ a = Calls Barrier.Reset) /\
    Rule_errors (rule m) = [BrokenBarrierError].
Proof using.
  intros R S L Re. destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & _ & _ & _ & C). clear - C Re.
  unfold abort_may_reach_released. cbn in Re. unfold Barrier.reaches_released in Re. destruct (state s) as [n b].
  destruct C as [(op & -> & _ & O)|(-> & _ & O)]; [destruct op|]; cases O; rewrite <- Y in *; cbn in Re;
    try discriminate Re;
    destruct (Barrier.BarrierPolicy_abort_reaches policy); try discriminate Re; auto.
Qed.
Lemma none_reached s w a s' m : reachable s -> step s w a s' -> log s' = m :: log s ->
  a <> Calls Barrier.Abort -> a <> Calls Barrier.Reset -> reached m = [].
Proof using.
  intros R S L N1 N2. destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & [_ Re] & _).
  destruct (reached m) as [|d l]; [reflexivity|]. destruct (Re d (or_introl eq_refl)) as [X _].
  destruct (reach _ _ _ _ _ R S L X) as (_ & [?|?] & _); easy.
Qed.
Lemma reach_error s m : reachable s -> In m (log s) -> reaches barrier (rule m) = true ->
  abort_may_reach_released policy /\ error_of (rule m) = Ends_error BrokenBarrierError.
Proof using.
  intros R H Re. apply in_split in H as (l1 & l2 & L). destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1);
    subst l2.
  destruct (reach _ _ _ _ _ R0 S L1 Re) as (X & _ & E). split; [assumption|]. unfold error_of. now rewrite E.
Qed.

(* By a step that fails the parked, each of them but the caller is given its error, and each other call is as it was or
   was reached. *)
Lemma fails s w a s' m e : reachable s -> step s w a s' -> log s' = m :: log s ->
  Rule_queue (rule m) = Queue_failed -> Rule_errors (rule m) = [e] ->
  queue s' = [] /\ forall c, c <> w ->
    (In c (queue s) -> status s' c = Released (Ends_error e)) /\
    (~ In c (queue s) -> ~ In c (map fst (resumed m)) /\
       (~ In c (reached m) /\ status s' c = status s c \/ In c (reached m) /\ status s' c = Released (Ends_error e))).
Proof using is_new.
  intros R S L Q Er. pose proof (inv _ R) as I.
    destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & [Ch Re] & Qu & St & C).
  assert (K : caller_ends (rule m) \/ Rule_caller (rule m) = Caller_leaves).
  { clear - C Q. destruct (state s). destruct C as [(op & _ & _ & O)|(_ & _ & O)]; [destruct op|]; cases O;
    rewrite <- Y in *; cbn in Q;
      try discriminate Q; unfold caller_ends; cbn; auto. }
  pose proof (chosen_fst _ _ Ch) as Fst.
  assert (Told : forall c x, c <> w -> In (c, x) (snd (apply (rule m) (queue s) w)) -> x = Ends_error e).
  { intros c x D V. assert (W : In x (endings (rule m) (py_len (queue s))) \/
    In x (endings (rule m) (py_len (without w (queue s))))).
    { destruct K as [K|K].
      - rewrite apply_ends in V by (assumption || congruence). apply in_app_iff in V as [V|[V|[]]]; [|congruence].
        apply in_combine_r in V. auto.
      - rewrite apply_leaves in V by (assumption || congruence). apply in_combine_r in V. auto. }
    unfold endings in W. rewrite Q, Er in W. cbn in W. destruct W as [W|W]; now apply repeat_spec in W. }
  assert (In_told : forall c, c <> w -> In c (map fst (resumed m)) <-> In c (queue s)).
  { intros c D. rewrite Fst. destruct K as [K|K].
    - rewrite apply_ends_fst, Q by (assumption || congruence). cbn. rewrite in_app_iff. cbn. intuition congruence.
    - rewrite apply_leaves_fst, Q by (assumption || congruence). cbn. split;
      [apply sub_in, without_sub | now apply without_in]. }
  split.
  { rewrite Qu. destruct K as [K|K]; [rewrite apply_ends by (assumption || congruence) | rewrite apply_leaves by
    (assumption || congruence)];
      cbn; now rewrite Q. }
  intros c D. rewrite St. split.
  - intro V. apply (In_told c D) in V.
    destruct (status_given (rule m) w (resumed m) (reached m) (status s) c D V) as (x & G & ->).
    f_equal. destruct (chosen_in _ _ _ _ Ch G) as [G'|(i & -> & G')]; [eauto|]. pose proof (Told _ _ D G') as X.
      discriminate X.
  - intro N. assert (V : ~ In c (map fst (resumed m))) by now rewrite In_told. split; [assumption|].
    destruct (in_dec Z.eq_dec c (reached m)) as [F|F]; [right|left]; split; try assumption.
    + rewrite status_failed by assumption. unfold error_of. now rewrite Er.
    + now apply status_other.
Qed.

(* The steps that break the barrier or reset it are those that fail the parked. *)
Lemma breaking s w a s' m : reachable s -> step s w a s' -> log s' = m :: log s ->
  (Rule_queue (rule m) = Queue_failed -> Rule_errors (rule m) = [BrokenBarrierError] /\ parked (after m) = 0) /\
  (breaks s w a -> Rule_queue (rule m) = Queue_failed /\ broken (after m) = true) /\
  (a = Calls Barrier.Reset -> Rule_queue (rule m) = Queue_failed /\ broken (after m) = false) /\
  (Rule_queue (rule m) = Queue_failed -> breaks s w a \/ a = Calls Barrier.Reset) /\
  (Rule_queue (rule m) <> Queue_failed -> broken (after m) = broken (state s)).
Proof using.
  intros R S L. destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & _ & _ & _ & C). clear - C.
  unfold breaks, withdrawal_breaks, is_parked, is_released in *.
  destruct C as [(op & -> & F & O)|(-> & F & O)].
  - destruct (state s) as [n b]. destruct op; cases O; cbn; intuition (try discriminate; auto).
  - destruct F as [F|[[e F]|[F _]]]; rewrite F in *; destruct (state s) as [n b];
      cbn in O; unfold Barrier.withdrawal, Barrier.withdraw in O; cbn in O;
      destruct (Barrier.BarrierPolicy_cancelled policy), (Barrier.BarrierPolicy_cancelled_early policy); cbn in O;
      try destruct b; cbn in O; inversion O as [[X Y]]; cbn; intuition (try discriminate; auto).
Qed.

(* ---- what a step gives ---- *)
(* An index is given at a trip; a plain return is given to a call that aborts or resets; an error by what fails the
   parked, or to a caller that is refused. *)
Lemma what_is_given s w a s' m c e : reachable s -> step s w a s' -> log s' = m :: log s -> In (c, e) (resumed m) ->
  Rule_queue (rule m) = Queue_indexed /\ (exists i, e = Ends_index i) \/
  e = Ends_plainly /\ c = w /\ (a = Calls Barrier.Abort \/ a = Calls Barrier.Reset) \/
  hd_error (Rule_errors (rule m)) <> None /\ e = error_of (rule m) /\
    (c = w /\ Rule_refuses (rule m) = true \/ c <> w /\ In c (queue s) /\ Rule_queue (rule m) = Queue_failed).
Proof using is_new.
  intros R S L H. pose proof (inv _ R) as I.
  assert (K : Rule_queue (rule m) = Queue_indexed \/ Rule_queue (rule m) <> Queue_indexed) by
    (destruct (Rule_queue (rule m)); (now left) || now right).
  destruct K as [K|K].
  { left. split; [assumption|]. destruct (trip _ _ _ _ _ R S L K) as (_ & _ & _ & _ & _ & _ & _ & indices & F & _).
    apply (in_map snd) in H. rewrite F in H. apply in_map_iff in H as (i & H & _). eauto. }
  right. destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & [Ch _] & _ & _ & C).
  assert (T : In (c, e) (snd (apply (rule m) (queue s) w)) \/
    In (c, Ends_index ANY_INDEX) (snd (apply (rule m) (queue s) w)) /\ exists i, e = Ends_index i)
    by (destruct (chosen_in _ _ _ _ Ch H) as [T|(i & -> & T)]; eauto).
  clear Ch H L S.
  assert (U : forall x, In (c, x) (snd (apply (rule m) (queue s) w)) ->
    x = Ends_plainly /\ c = w /\ (a = Calls Barrier.Abort \/ a = Calls Barrier.Reset) \/
    hd_error (Rule_errors (rule m)) <> None /\ x = error_of (rule m) /\
      (c = w /\ Rule_refuses (rule m) = true \/ c <> w /\ In c (queue s) /\ Rule_queue (rule m) = Queue_failed)).
  2: { destruct T as [T|(T & i & ->)]; [auto|]. destruct (U _ T) as [(X & _)|(_ & X & _)]; discriminate X. }
  clear T. intros x T. destruct (state s) as [n b]. destruct C as [(op & -> & F & O)|(-> & _ & O)].
  - assert (Nw : forall d, In d (queue s) -> d <> w) by (intros d V ->; apply (inv_queue _ _ _ I) in V; congruence).
    destruct op; cases O; rewrite <- Y in *; try (now destruct K).
    all: first [rewrite apply_parks in T by reflexivity | rewrite apply_ends in T by
      (unfold caller_ends; cbn; auto; easy)]; cbn in T;
      try easy; apply in_app_iff in T as [T|[T|[]]]; cbn in T.
    all: try (rewrite combine_nil in T; easy).
    all: try (inversion T; subst; cbn; auto 10; fail).
    all: try (right; pose proof (in_combine_l _ _ _ _ T) as V; apply in_combine_r, repeat_spec in T; subst x; cbn;
      split; [easy|]; auto).
    all: inversion T; subst; right; cbn; split; [easy | auto].
  - cases O; rewrite <- Y in *; rewrite apply_leaves in T by easy; cbn in T; try (rewrite combine_nil in T; easy).
    all: right; pose proof (in_combine_l _ _ _ _ T) as V; apply in_combine_r, repeat_spec in T; subst x; cbn; split;
      [easy|].
    all: split; [reflexivity|]; right; split; [intros ->; now apply (without_gone w _ (inv_nodup _ _ _ I)) in V|].
    all: split; [eapply sub_in; [apply without_sub | exact V] | reflexivity].
Qed.
Lemma index_at_trip s w a s' m c i : reachable s -> step s w a s' -> log s' = m :: log s ->
  In (c, Ends_index i) (resumed m) ->
  Rule_queue (rule m) = Queue_indexed.
Proof using is_new.
  intros R S L H. destruct (what_is_given _ _ _ _ _ _ _ R S L H) as [[K _]|[(X & _)|(_ & X & _)]];
    [assumption | discriminate X..].
Qed.
Lemma plain_is_callers s m a s' c : reachable s -> step s (who m) a s' -> log s' = m :: log s ->
  In (c, Ends_plainly) (resumed m) ->
  who m = c /\ (a = Calls Barrier.Abort \/ a = Calls Barrier.Reset).
Proof using is_new.
  intros R S L H. destruct (what_is_given _ _ _ _ _ _ _ R S L H) as [[_ [i X]]|[(_ & X & Y)|(_ & X & _)]];
    [discriminate X | auto | discriminate X].
Qed.
Lemma fails_or_is_caller s w a s' m c e : reachable s -> step s w a s' -> log s' = m :: log s ->
  In (c, Ends_error e) (resumed m) ->
  Rule_queue (rule m) = Queue_failed \/ c = w.
Proof using is_new.
  intros R S L H. destruct (what_is_given _ _ _ _ _ _ _ R S L H) as [[_ [i X]]|[(X & _)|(_ & _ & [[X _]|(_ & _ & X)])]];
    [discriminate X | discriminate X | auto | auto].
Qed.
Lemma error_given s m a s' c e : reachable s -> step s (who m) a s' -> log s' = m :: log s ->
  In (c, Ends_error e) (resumed m) ->
  hd_error (Rule_errors (rule m)) = Some e /\
  (who m = c /\ Rule_refuses (rule m) = true \/
   Rule_queue (rule m) = Queue_failed /\ who m <> c /\ (In c (queue_before m) \/ In c (reached m) /\
     abort_may_reach_released policy)).
Proof using is_new.
  intros R S L H. destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & -> & _).
  destruct (what_is_given _ _ _ _ _ _ _ R S L H) as [[_ [i X]]|[(X & _)|(N & X & Y)]];
    [discriminate X | discriminate X|].
  split.
  - unfold error_of in X. destruct (Rule_errors (rule m)); [easy|]. cbn in *. congruence.
  - destruct Y as [[-> Y]|(Y & Z & W)]; [now left | right]. repeat split; auto.
Qed.

(* ---- the claims ---- *)
Lemma c4_here s s' w a m : reachable s -> step s w a s' -> log s' = m :: log s -> Rule_refuses (rule m) = true ->
  state s' = state s /\ queue s' = queue s /\ (forall c, c <> w -> status s' c = status s c) /\
  exists e others, Rule_errors (rule m) = e :: others /\ status s' w = Done (Ends_error e).
Proof using is_new.
  intros R S L Ref. pose proof (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & _ & _ & _ & C).
  enough (Rule_caller (rule m) = Caller_raises /\ Rule_queue (rule m) = Queue_stays /\
    reaches barrier (rule m) = false /\
          (exists e others, Rule_errors (rule m) = e :: others) /\ after m = state s) as (K1 & K2 & K3 & K4 & K5)
    by (eapply refusal; eauto using sane).
  clear S L. destruct m as [? ? ru ? af ? ? ?]; cbn in *. destruct (state s) as [n k].
  destruct C as [(op & _ & _ & O)|(_ & _ & O)]; [destruct op|]; cases O; subst; cbn in Ref; try discriminate Ref;
    repeat split; try reflexivity; do 2 eexists; reflexivity.
Qed.

Lemma c5_here s : reachable s -> NoDup (given (log s)) /\
  forall later m earlier, log s = later ++ m :: earlier ->
  (exists c i, In (c, Ends_index i) (resumed m)) \/ Rule_queue (rule m) = Queue_indexed ->
  Rule_order (rule m) = Barrier.BarrierPolicy_index_order policy /\
  NoDup (map fst (resumed m)) /\ subseq (map fst (resumed m)) (arrivals (m :: earlier)) /\
  exists indices, map snd (resumed m) = map Ends_index indices /\ Permutation indices (py_range 0 parties) /\
    count_occ Z.eq_dec indices 0 = 1%nat /\
    match Barrier.BarrierPolicy_index_order policy with
    | IndexOrder_arrival => indices = py_range 0 parties
    | IndexOrder_reversed => indices = rev (py_range 0 parties)
    | IndexOrder_any | IndexOrder_one_leads => True
    end.
Proof using is_new.
  intro R. split; [apply (inv_given_once _ _ _ (inv _ R))|]. intros later m earlier L H.
  destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1). subst earlier.
  assert (Q : Rule_queue (rule m) = Queue_indexed).
  { destruct H as [(c & i & G)|H]; [|assumption]. eapply index_at_trip; eauto. }
  destruct (trip _ _ _ _ _ R0 S L1 Q) as (A & F & W & N & G & V & Or & indices & E & Pe & K).
    pose proof (inv _ R0) as I.
  split; [assumption|]. rewrite G. split; [|split].
  - apply nodup_app; [apply (inv_nodup _ _ _ I) | repeat constructor; easy |].
    cbn. intros x X [<-|[]]. apply (inv_queue _ _ _ I) in X. congruence.
  - cbn. rewrite V. apply sub_app; [apply (inv_order _ _ _ I) | apply sub_refl].
  - exists indices. repeat split; auto. apply NoDup_count_occ'.
    + eapply Permutation_NoDup; [apply Permutation_sym; eassumption | apply range_nodup].
    + eapply Permutation_in; [apply Permutation_sym; eassumption|]. apply range_in. unfold py_len in N. lia.
Qed.

Lemma c6_here s : reachable s ->
  (forall c i, status s c = Released (Ends_index i) \/ status s c = Done (Ends_index i) ->
   exists later m earlier, log s = later ++ m :: earlier /\ In (c, Ends_index i) (resumed m) /\
     (forall later' m' earlier', log s = later' ++ m' :: earlier' -> In c (map fst (resumed m')) ->
       earlier' = earlier) /\
     py_len (resumed m) = parties /\
     forall d, In d (map fst (resumed m)) -> In d (arrivals (m :: earlier)) /\ ~ In d (withdrawn earlier)) /\
  (forall c, status s c = Released Ends_plainly \/ status s c = Done Ends_plainly ->
   exists m, In m (log s) /\ who m = c /\ (action m = Calls Barrier.Abort \/ action m = Calls Barrier.Reset)) /\
  (forall m, In m (log s) -> arrived m <> [] -> action m = Calls Barrier.Wait).
Proof using is_new.
  intro R. pose proof (inv _ R) as I. split; [|split].
  - intros c i H. destruct (ended_by _ R _ _ H) as (m & M & [G|[_ X]]); [|discriminate X].
    apply in_split in M as (l1 & l2 & L). exists l1, m, l2. split; [assumption|]. split; [assumption|]. split.
    { intros later' m' earlier' L' G'. eapply given_once; [apply (inv_given_once _ _ _ I) | exact L | exact L' | |
      exact G'].
      now apply (in_map fst) in G. }
    destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1); subst l2.
    pose proof (index_at_trip _ _ _ _ _ _ _ R0 S L1 G) as Q.
    destruct (trip _ _ _ _ _ R0 S L1 Q) as (A & F & W & N & E & V & _); pose proof (inv _ R0) as I0. split.
    + rewrite <- N. unfold py_len. rewrite <- (map_length fst), E, app_length; cbn. lia.
    + intros d D. split.
      * eapply sub_in; [|eassumption]. cbn. rewrite E, V. apply sub_app; [apply (inv_order _ _ _ I0) | apply sub_refl].
      * intro X. apply (inv_withdrawn _ _ _ I0) in X. rewrite E, in_app_iff in D. destruct D as [Y|[<-|[]]];
        [|congruence].
        apply (inv_queue _ _ _ I0) in Y. congruence.
  - intros c H. destruct (ended_by _ R _ _ H) as (m & M & [G|[_ X]]); [|discriminate X]. exists m. split; [assumption|].
    apply in_split in M as (l1 & l2 & L). destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1); subst l2.
    eapply plain_is_callers; eauto.
  - intros m M V. apply in_split in M as (l1 & l2 & L). destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1);
    subst l2.
    destruct (performed _ _ _ _ _ S L1) as (_ & A & _ & _ & _ & _ & _ & _ & C). unfold arrived in V. clear - C A V.
    destruct (state s0). destruct C as [(op & Eop & _ & O)|(_ & _ & O)]; [destruct op|]; cases O; rewrite <- Y in V;
      try easy; congruence.
Qed.

Lemma c7_here s s' w : reachable s -> step s w Withdraws s' -> ~ withdrawal_breaks s w ->
  status s' w = Left /\ (forall c, c <> w -> status s' c = status s c) /\
  queue s' = filter (fun c => negb (c =? w)) (queue s) /\ broken (state s') = broken (state s) /\
  parked (state s') = parked (state s) - (if is_parked s w then 1 else 0).
Proof using is_new.
  intros R S N. destruct (a_moment _ _ _ _ S) as [m L]; [easy|].
  pose proof (performed _ _ _ _ _ S L) as (_ & _ & _ & Af & _ & _ & _ & _ & [(op & X & _)|(_ & _ & O)]); [easy|].
  destruct (breaking _ _ _ _ _ R S L) as (_ & _ & _ & B & Br).
  assert (Q : Rule_queue (rule m) <> Queue_failed).
  { intro Q. destruct (B Q) as [[H|[_ H]]|H]; easy. }
  assert (K : Rule_queue (rule m) = Queue_stays /\ reaches barrier (rule m) = false /\
    parked (after m) = parked (state s) - (if is_parked s w then 1 else 0)).
  { clear - O Q. destruct (state s). cases O; rewrite <- Y in *; try (now destruct Q); repeat split; cbn; lia. }
  destruct K as (K1 & K2 & K3). destruct (withdrawal _ _ sane _ _ _ _ R S L K1 K2) as (E1 & E2 & E3).
  rewrite <- Af. repeat split; auto.
Qed.

Lemma c8_here s s' w a c e : reachable s -> step s w a s' -> status s c = Released e ->
  status s' c = Released e \/
  c = w /\ (a = Continues /\ status s' c = Done e \/ a = Withdraws /\ status s' c = Left) \/
  abort_may_reach_released policy /\ (a = Calls Barrier.Abort \/ a = Calls Barrier.Reset) /\
    (exists i, e = Ends_index i) /\ status s' c = Released (Ends_error BrokenBarrierError).
Proof using is_new.
  intros R S H. destruct (released_next _ _ sane _ _ _ _ _ _ R S H) as [K|[K|(m & i & L & _ & Re & -> & K)]]; auto.
  do 2 right. destruct (reach _ _ _ _ _ R S L Re) as (A & B & E). repeat split; eauto. rewrite K. unfold error_of.
    now rewrite E.
Qed.

Lemma c9_here s s' w a : reachable s -> step s w a s' ->
  (breaks s w a \/ a = Calls Barrier.Reset ->
   (breaks s w a -> broken (state s') = true) /\ (a = Calls Barrier.Reset -> broken (state s') = false) /\
   queue s' = [] /\ parked (state s') = 0 /\
   status s' w = match a with Withdraws => Left | _ => Done Ends_plainly end /\
   forall c, c <> w ->
     (In c (queue s) -> status s' c = Released (Ends_error BrokenBarrierError)) /\
     (~ In c (queue s) -> status s' c = status s c \/
        abort_may_reach_released policy /\ a <> Withdraws /\ (exists i, status s c = Released (Ends_index i)) /\
        status s' c = Released (Ends_error BrokenBarrierError))) /\
  (~ breaks s w a -> a <> Calls Barrier.Reset ->
   broken (state s') = broken (state s) /\
   forall c e, c <> w -> status s' c = Released (Ends_error e) -> status s c = Released (Ends_error e)).
Proof using is_new.
  intros R S. assert (K : a = Continues \/ a <> Continues) by (destruct a; (now left) || now right).
    destruct K as [->|K].
  { split.
    - intros [[H|[H _]]|H]; discriminate H.
    - intros _ _. destruct (no_moment _ _ _ S) as (e & _ & ->). cbn. split; [reflexivity|]. intros c e' D H.
      apply Z.eqb_neq in D. now rewrite D in H. }
  destruct (a_moment _ _ _ _ S K) as [m L]. destruct (breaking _ _ _ _ _ R S L) as (B1 & B2 & B3 & B4 & B5).
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & Af & _ & [Ch Re] & _ & St & C). split.
  - intro H. assert (Q : Rule_queue (rule m) = Queue_failed) by (destruct H as [H|H]; [apply B2, H | apply B3, H]).
    destruct (B1 Q) as [Er P]. destruct (fails _ _ _ _ _ _ R S L Q Er) as [F1 F2]. rewrite <- Af.
    split; [intro X; apply B2, X|]. split; [intro X; apply B3, X|]. split; [assumption|]. split; [assumption|]. split.
    + pose proof (caller_becomes _ _ sane _ _ _ _ _ R S L) as E. clear - E C Q.
      destruct (state s). destruct C as [(op & -> & _ & O)|(-> & _ & O)]; [destruct op|]; cases O; rewrite <- Y in *;
        cbn in *; easy.
    + intros c D. destruct (F2 c D) as [F3 F4]. split; [assumption|]. intro N. destruct (F4 N) as (_ & [[_ X]|[X Y]]);
      [now left|right].
      destruct (Re c X) as (Rr & _ & i & Z). destruct (reach _ _ _ _ _ R S L Rr) as (T & U & _). repeat split; eauto.
      intros ->. destruct U; easy.
  - intros N1 N2. assert (Q : Rule_queue (rule m) <> Queue_failed) by (intro Q; destruct (B4 Q); auto).
    rewrite <- Af. split; [auto|]. intros c e D H.
    assert (Rn : reached m = []) by (eapply none_reached; eauto; intros ->; apply N1; now left).
    destruct (in_dec Z.eq_dec c (map fst (resumed m))) as [V|V].
    + exfalso. rewrite St in H.
      destruct (status_given (rule m) w (resumed m) (reached m) (status s) c D V) as (x & G & X). rewrite X in H.
      inversion H; subst x. destruct (fails_or_is_caller _ _ _ _ _ _ _ R S L G) as [Y|Y]; easy.
    + rewrite St, status_other in H; auto. now rewrite Rn.
Qed.

Lemma c10_here s s' w a m : reachable s -> step s w a s' -> log s' = m :: log s ->
  let errors := match a with Calls operation => errors_due operation (state s) | _ => [] end in
  (if Rule_refuses (rule m) then Rule_errors (rule m) else []) = errors /\
  (forall e, status s' w = Done (Ends_error e) <-> hd_error errors = Some e) /\ Rule_warns (rule m) = false.
Proof using is_new.
  intros R S L errors. pose proof (caller_becomes _ _ sane _ _ _ _ _ R S L) as E.
  assert (T : Rule_caller (rule m) = Caller_returns_an_index -> Rule_queue (rule m) = Queue_indexed).
  { destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & _ & _ & _ & C). clear - C. destruct (state s).
    destruct C as [(op & _ & _ & O)|(_ & _ & O)]; [destruct op|]; cases O; cbn; easy. }
  assert (U : Rule_caller (rule m) = Caller_returns_an_index -> forall e, status s' w <> Done (Ends_error e)).
  { intros Ca e X. rewrite Ca in E. destruct E as (x & E & G). rewrite E in X. inversion X; subst x.
    destruct (trip _ _ _ _ _ R S L (T Ca)) as (_ & _ & _ & _ & _ & _ & _ & indices & F & _).
    apply (in_map snd) in G. rewrite F in G. apply in_map_iff in G as (i & G & _). discriminate G. }
  clear T. destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & _ & _ & _ & C).
  enough (X : (if Rule_refuses (rule m) then Rule_errors (rule m) else []) = errors /\ Rule_warns (rule m) = false /\
    (match Rule_caller (rule m) with Caller_raises => Some (nth 0 (Rule_errors (rule m)) IndexError) | _ =>
      None end = hd_error errors)).
  { destruct X as (X1 & X2 & X3). split; [assumption|]. split; [|assumption]. intro e. rewrite <- X3.
    destruct (Rule_caller (rule m)); try (rewrite E; unfold error_of; split; intro H; inversion H; congruence).
    split; [intro H; now destruct (U eq_refl e) | easy]. }
  clear E U S L R. subst errors. destruct m as [? ? ru ? af ? ? ?]; cbn in *. destruct (state s) as [n b].
    unfold errors_due.
  destruct C as [(op & -> & _ & O)|(-> & _ & O)]; [destruct op|]; cases O; subst; cbn; easy.
Qed.

Lemma c11_here s m : reachable s -> In m (log s) ->
  (exists e, status s (who m) = Done e) \/ status s (who m) = Left \/ (exists e, status s (who m) = Released e) \/
  status s (who m) = Parked /\ In (who m) (queue s) /\ broken (state s) = false /\ py_len (queue s) < parties.
Proof using is_new.
  intros R H. destruct (none_is_lost _ _ sane _ _ R H) as [K|[K|[K|[K Q]]]]; auto. do 3 right.
  pose proof (inv _ R) as I. destruct (inv_sound _ _ _ I) as (A & B). rewrite (inv_parked _ _ _ I) in A, B.
  assert (P : py_len (queue s) > 0) by (unfold py_len; destruct (queue s); [easy | cbn; lia]).
  repeat split; auto; [|lia]. destruct B as [B|B]; [lia | assumption].
Qed.

Lemma c13_here (r : Run barrier) acts n w a c : is_run r acts -> weakly_fair r acts ->
  acts n = Some (w, a) -> a = Calls Barrier.Wait -> broken (state (r n)) = false ->
    py_len (queue (r n)) + 1 = parties ->
  In c (queue (r n)) \/ c = w ->
  continues_or_is_cancelled r acts (S n) c (fun e =>
    (exists i, e = Ends_index i) \/ abort_may_reach_released policy /\ e = Ends_error BrokenBarrierError).
Proof using is_new.
  intros Run Fair A -> B N C. pose proof (proj2 Run n) as S. rewrite A in S.
  pose proof (run_reachable _ _ Run n) as R. destruct (a_moment _ _ _ _ S) as [m L]; [easy|].
  pose proof (inv_parked _ _ _ (inv _ R)) as P.
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & _ & _ & _ & _ & _ & [(o & Eop & F & O)|(X & _)]); [|easy].
  inversion Eop; subst o.
  assert (Q : Rule_queue (rule m) = Queue_indexed).
  { clear - B N P O. destruct (state (r n)) as [k b]. cbn in P, B. subst k b. cases O; auto. arith; lia. }
  destruct (trip _ _ _ _ _ R S L Q) as (_ & _ & _ & _ & E & _ & _ & indices & G & _).
  eapply given_continues with (m := m); [exact sane | exact Run | exact Fair | | exact A | exact L | | ].
  - intros s k i Rs Hk Re _. right. now apply (reach_error s).
  - rewrite E, in_app_iff. cbn. intuition.
  - intros e V. left. apply (in_map snd) in V. rewrite G in V. apply in_map_iff in V as (i & V & _). cbn in V. eauto.
Qed.

Lemma c14_here (r : Run barrier) acts n w a c : is_run r acts -> weakly_fair r acts -> acts n = Some (w, a) ->
  a = Calls Barrier.Abort \/ a = Calls Barrier.Reset \/ broken (state (r n)) = false /\
    broken (state (r (S n))) = true ->
  c <> w -> status (r n) c = Parked ->
  continues_or_is_cancelled r acts (S n) c (fun e => e = Ends_error BrokenBarrierError).
Proof using is_new.
  intros Run Fair A B D C. pose proof (proj2 Run n) as S. rewrite A in S.
  pose proof (run_reachable _ _ Run n) as R. pose proof (inv _ R) as I.
  assert (K : a <> Continues).
  { intros ->. destruct (no_moment _ _ _ S) as (e & _ & X). rewrite X in B. cbn in B.
    destruct B as [B|[B|[B B']]]; [discriminate B | discriminate B | congruence]. }
  destruct (a_moment _ _ _ _ S K) as [m L]. destruct (breaking _ _ _ _ _ R S L) as (B1 & B2 & B3 & _ & B5).
  destruct (performed _ _ _ _ _ S L) as (_ & _ & _ & Af & _ & _ & _ & _ & Ca).
  assert (Q : Rule_queue (rule m) = Queue_failed).
  { destruct B as [B|[B|[B B']]]; [apply B2; now left | now apply B3|].
    destruct (Rule_queue (rule m)); auto; rewrite <- Af in B'; rewrite B5 in B' by easy; congruence. }
  destruct (B1 Q) as [Er _]. destruct (fails _ _ _ _ _ _ R S L Q Er) as [_ F]. destruct (F c D) as [F1 _].
  eapply released_continues with (e := Ends_error BrokenBarrierError); [exact sane | exact Run | exact Fair | | |
    reflexivity].
  - intros s k i _ _ _ X. discriminate X.
  - apply F1, (inv_queue _ _ _ I), C.
Qed.

Lemma c15_here s : reachable s -> (forall m, In m (log s) -> In (rule m) Barrier.RULES) /\
  forall c e, status s c = Released (Ends_error e) \/ status s c = Done (Ends_error e) ->
  exists m, In m (log s) /\ hd_error (Rule_errors (rule m)) = Some e /\
    (who m = c /\ Rule_refuses (rule m) = true \/
     Rule_queue (rule m) = Queue_failed /\ who m <> c /\
       (In c (queue_before m) \/ In c (reached m) /\ abort_may_reach_released policy)).
Proof using is_new.
  intro R. split.
  - intros m H. apply in_split in H as (l1 & l2 & L). destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1);
    subst l2.
    destruct (performed _ _ _ _ _ S L1) as (_ & _ & _ & _ & _ & _ & _ & _ & C). clear - C.
    destruct C as [(op & _ & _ & O)|(_ & _ & O)]; destruct (state s0); [destruct op|]; cases O; cbn; tauto.
  - intros c e H. destruct (ended_by _ R _ _ H) as (m & M & G). exists m. split; [assumption|].
    apply in_split in M as (l1 & l2 & L). destruct (logged _ R _ _ _ L) as (s0 & s1 & R0 & S & L0 & L1); subst l2.
    destruct (performed _ _ _ _ _ S L1) as (_ & _ & _ & _ & Qb & [Ch Re] & _). destruct G as [G|[G Er]].
    + eapply error_given; eauto.
    + destruct (Re c G) as (Rr & D & _). destruct (reach _ _ _ _ _ R0 S L1 Rr) as (T & _ & Es).
      unfold error_of in Er. rewrite Es in *. split; [now inversion Er|]. right. split; [|auto].
      cbn in Rr. unfold Barrier.reaches_released in Rr. now destruct (Rule_queue (rule m)).
Qed.

Lemma c16_here s : reachable s ->
  Barrier.reads_parties parties (parked (state s)) (broken (state s)) = parties /\
  Barrier.reads_n_waiting parties (parked (state s)) (broken (state s)) = py_len (queue s) /\
  Barrier.reads_broken parties (parked (state s)) (broken (state s)) = broken (state s) /\
  (Barrier.counts_released_in_n_waiting policy = true <->
   Barrier.BarrierPolicy_n_waiting_counts policy = Barrier.Reach_perhaps_the_released_too) /\
  Barrier.counts_released_in_parties policy = false /\ Barrier.counts_released_in_broken policy = false.
Proof using is_new.
  intro R. repeat split; [apply (inv_parked _ _ _ (inv _ R)) | |];
    unfold Barrier.counts_released_in_n_waiting; now destruct (Barrier.BarrierPolicy_n_waiting_counts policy).
Qed.
End Barrier.

Lemma created argument parties initial rule : Barrier.create argument = (parties, initial, rule) ->
  (if Rule_refuses rule then Rule_errors rule else []) =
    (if negb (is_whole_number argument) then [TypeError] else if number argument <? 1 then [ValueError] else []) /\
  Rule_warns rule = false /\ (Rule_refuses rule = false -> parties = number argument /\ initial = (0, false)).
Proof. unfold Barrier.create. intro M. cases M; subst; cbn; easy. Qed.

Theorem c4 : C4.
Proof. red. intros. eapply c4_here; eauto. Qed.
Theorem c5 : C5.
Proof. red. intros. now apply c5_here. Qed.
Theorem c6 : C6.
Proof. red. intros. now apply c6_here. Qed.
Theorem c7 : C7.
Proof. red. intros. now apply c7_here. Qed.
Theorem c8 : C8.
Proof. red. intros. split; [eapply c8_here; eauto | intro; eapply ended_stays; eauto using sane]. Qed.
Theorem c9 : C9.
Proof. red. intros. now apply c9_here. Qed.
Theorem c10 : C10.
Proof.
  split.
  - intros. eapply c10_here; eauto.
  - intros argument parties initial rule M. destruct (created _ _ _ _ M) as (A & B & _). auto.
Qed.
Theorem c11 : C11.
Proof. red. intros. now apply c11_here. Qed.
Theorem c13 : C13.
Proof. red. intros. eapply c13_here; eauto. Qed.
Theorem c14 : C14.
Proof. red. intros. eapply c14_here; eauto. Qed.
Theorem c15 : C15.
Proof. red. intros. now apply c15_here. Qed.
Theorem c16 : C16.
Proof.
  split.
  - intros. eapply c16_here; eauto.
  - intros argument parties initial rule M. now destruct (created _ _ _ _ M) as (_ & _ & A).
Qed.
