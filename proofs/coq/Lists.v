(* Lemmas about lists, and about what `apply` does to a queue. *)
From Coq Require Import ZArith List Bool Lia Permutation.
From Latchproof Require Import Py Step Machine System.
Import ListNotations.
Local Open Scope Z_scope.

Lemma sub_refl {A} (l : list A) : subseq l l.
Proof. induction l; now constructor. Qed.
Lemma sub_none {A} (l : list A) : subseq nil l.
Proof. induction l; now constructor. Qed.
Lemma sub_app {A} (a b c d : list A) : subseq a b -> subseq c d -> subseq (a ++ c) (b ++ d).
Proof. intros H K; induction H; cbn; [assumption | now constructor ..]. Qed.
Lemma sub_trans {A} (b c : list A) : subseq b c -> forall a, subseq a b -> subseq a c.
Proof.
  induction 1; intros a' S; [assumption | | constructor; auto].
  inversion S; subst; [apply sub_keep | apply sub_skip]; auto.
Qed.
Lemma sub_in {A} (x : A) a b : subseq a b -> In x a -> In x b.
Proof. induction 1; cbn; intuition. Qed.
Lemma sub_nodup {A} (a b : list A) : subseq a b -> NoDup b -> NoDup a.
Proof.
  induction 1; intros N; inversion N; subst; auto; constructor; auto.
  intro I; apply H2; eapply sub_in; eauto.
Qed.

(* The queue without a call, as `apply` has it. *)
Definition without (who : Call) (q : list Call) : list Call :=
  if py_in who q then py_upto (py_index who q) q ++ py_from (py_index who q + 1) q else q.

Lemma py_in_In c q : py_in c q = true <-> In c q.
Proof.
  unfold py_in; rewrite existsb_exists; split; [intros (x & I & E) | intros I; exists c; split; auto using Z.eqb_refl].
  apply Z.eqb_eq in E; now subst.
Qed.
Lemma py_index_nonneg c q : 0 <= py_index c q.
Proof. induction q; cbn [py_index]; [lia | destruct (c =? a); lia]. Qed.
Lemma py_bound_from_front {A} n (l : list A) : 0 <= n -> py_bound n l = Z.to_nat n.
Proof. intro H. unfold py_bound. destruct (Z.ltb_spec n 0); [lia | reflexivity]. Qed.
Lemma without_cons c x q : without c (x :: q) = if c =? x then q else x :: without c q.
Proof.
  unfold without, py_upto, py_from; cbn [py_in existsb py_index].
  destruct (c =? x) eqn:E; cbn; [reflexivity|].
  fold (py_in c q). destruct (py_in c q); [|reflexivity].
  pose proof (py_index_nonneg c q). rewrite !py_bound_from_front by lia.
  replace (Z.to_nat (1 + py_index c q)) with (S (Z.to_nat (py_index c q))) by lia.
  replace (Z.to_nat (1 + py_index c q + 1)) with (S (Z.to_nat (py_index c q + 1))) by lia.
  reflexivity.
Qed.
Lemma without_sub c q : subseq (without c q) q.
Proof.
  induction q; [apply sub_refl|]. rewrite without_cons.
  destruct (c =? a); [apply sub_skip, sub_refl | now constructor].
Qed.
Lemma without_in c d q : d <> c -> In d q -> In d (without c q).
Proof.
  induction q; [easy|]. rewrite without_cons. destruct (c =? a) eqn:E; cbn; intuition; subst.
  apply Z.eqb_eq in E; congruence.
Qed.
Lemma without_gone c q : NoDup q -> ~ In c (without c q).
Proof.
  induction 1; [easy|]. rewrite without_cons. destruct (c =? x) eqn:E.
  - apply Z.eqb_eq in E; now subst.
  - apply Z.eqb_neq in E. cbn; intuition.
Qed.
Lemma without_len c q : py_len (without c q) = py_len q - (if py_in c q then 1 else 0).
Proof.
  unfold py_len. induction q; [reflexivity|]. rewrite without_cons. unfold py_in in *; cbn [existsb].
  destruct (c =? a); cbn [orb length]; destruct (existsb (Z.eqb c) q) eqn:K; cbn [length]; lia.
Qed.

(* ---- what apply does, by what the rule says ---- *)
Definition caller_ends (r : Rule) : Prop :=
  Rule_caller r = Caller_returns \/ Rule_caller r = Caller_returns_an_index \/ Rule_caller r = Caller_raises.

Lemma apply_parks r q w : Rule_caller r = Caller_parks -> apply r q w = (q ++ [w], nil).
Proof. intro H; unfold apply; now rewrite H. Qed.
Lemma apply_ends r q w : Rule_queue r <> Queue_first -> caller_ends r -> apply r q w =
  (if Queue_beq (Rule_queue r) Queue_stays then q else nil,
   combine q (endings r (py_len q)) ++ [(w, caller_ending r (py_len q))]).
Proof. intros F [H|[H|H]]; unfold apply; rewrite H; destruct (Rule_queue r); try easy; reflexivity. Qed.
Lemma apply_leaves r q w : Rule_queue r <> Queue_first -> Rule_caller r = Caller_leaves -> apply r q w =
  (if Queue_beq (Rule_queue r) Queue_stays then without w q else nil,
   combine (without w q) (endings r (py_len (without w q)))).
Proof. intros F H; unfold apply; rewrite H; cbn. unfold without. destruct (py_in w q), (Rule_queue r); easy. Qed.

Lemma py_range_length n : length (py_range 0 n) = Z.to_nat n.
Proof. unfold py_range. rewrite map_length, seq_length. f_equal; lia. Qed.
Lemma endings_length r n : Rule_queue r <> Queue_stays -> length (endings r n) = Z.to_nat n.
Proof.
  intro H. unfold endings. destruct (Rule_queue r); [easy|cbn..].
  1,2,4: apply repeat_length.
  destruct (Rule_order r); cbn; rewrite ?map_length, ?py_range_length; auto; try apply repeat_length.
  unfold py_range_down; rewrite map_length, seq_length; f_equal; lia.
Qed.
Lemma endings_stays r n : Rule_queue r = Queue_stays -> endings r n = nil.
Proof. intro H; unfold endings; now rewrite H. Qed.

Lemma combine_nil {A B} (l : list A) : combine l (@nil B) = nil.
Proof. now destruct l. Qed.
Lemma fst_combine {A B} (q : list A) (es : list B) : length es = length q -> map fst (combine q es) = q.
Proof. revert es; induction q; destruct es; cbn; intros; try easy; f_equal; auto. Qed.
Lemma snd_combine {A B} (q : list A) (es : list B) : length es = length q -> map snd (combine q es) = es.
Proof. revert es; induction q; destruct es; cbn; intros; try easy; f_equal; auto. Qed.

(* The calls that a step lets continue, in order: the parked, if they do not stay, and then a caller that ends. *)
Lemma apply_ends_fst r q w : Rule_queue r <> Queue_first -> caller_ends r ->
  map fst (snd (apply r q w)) = (if Queue_beq (Rule_queue r) Queue_stays then nil else q) ++ [w].
Proof.
  intros F H; rewrite apply_ends by assumption; cbn. rewrite map_app; cbn. f_equal.
  destruct (Rule_queue r) eqn:Q; cbn; try easy.
  - now rewrite endings_stays, combine_nil by assumption.
  - apply fst_combine. rewrite endings_length; [unfold py_len; lia | congruence].
  - apply fst_combine. rewrite endings_length; [unfold py_len; lia | congruence].
  - apply fst_combine. rewrite endings_length; [unfold py_len; lia | congruence].
Qed.
Lemma apply_leaves_fst r q w : Rule_queue r <> Queue_first -> Rule_caller r = Caller_leaves ->
  map fst (snd (apply r q w)) = (if Queue_beq (Rule_queue r) Queue_stays then nil else without w q).
Proof.
  intros F H; rewrite apply_leaves by assumption; cbn.
  destruct (Rule_queue r) eqn:Q; cbn; try easy.
  - now rewrite endings_stays, combine_nil by assumption.
  - apply fst_combine. rewrite endings_length; [unfold py_len; lia | congruence].
  - apply fst_combine. rewrite endings_length; [unfold py_len; lia | congruence].
  - apply fst_combine. rewrite endings_length; [unfold py_len; lia | congruence].
Qed.

(* ---- the indices that are chosen ---- *)
Lemma choose_fst told : forall indices, map fst (choose indices told) = map fst told.
Proof. induction told as [|[c e] l IH]; intros [|i is]; cbn; auto. destruct (is_open e); cbn; now rewrite IH. Qed.
Lemma chosen_fst told given : chosen told given -> map fst given = map fst told.
Proof. intros (is & _ & ->). apply choose_fst. Qed.
Lemma choose_closed told indices : (forall p, In p told -> is_open (snd p) = false) -> choose indices told = told.
Proof.
  revert indices; induction told as [|[c e] l IH]; intros [|i is] H; cbn; auto.
  pose proof (H (c, e) (or_introl eq_refl)) as X; cbn in X. rewrite X. f_equal. apply (IH (i :: is)).
  intros p K; apply H; now right.
Qed.
Lemma chosen_closed told given : (forall p, In p told -> is_open (snd p) = false) -> chosen told given -> given = told.
Proof. intros H (is & _ & ->). now apply choose_closed. Qed.
Lemma filter_all {A} (f : A -> bool) l : (forall x, In x l -> f x = true) -> filter f l = l.
Proof. induction l; cbn; intro H; auto. rewrite H by now left. f_equal. apply IHl. intros; apply H; now right. Qed.
Lemma choose_open told : forall indices, (forall p, In p told -> is_open (snd p) = true) ->
  length indices = length told -> map snd (choose indices told) = map Ends_index indices.
Proof.
  induction told as [|[c e] l IH]; intros [|i is] H L; cbn in *; try easy.
  pose proof (H (c, e) (or_introl eq_refl)) as X; cbn in X. rewrite X. cbn. f_equal. apply IH; [|lia].
  intros p K; apply H; now right.
Qed.
Lemma chosen_open told given : (forall p, In p told -> is_open (snd p) = true) -> chosen told given ->
  exists indices, Permutation indices (py_range 0 (py_len told)) /\ map snd given = map Ends_index indices.
Proof.
  intros H (is & P & ->). rewrite filter_all in P by assumption. exists is. split; [assumption|].
  apply choose_open; [assumption|]. apply Permutation_length in P. rewrite P, py_range_length. unfold py_len; lia.
Qed.
Lemma choose_in told c e : forall indices, In (c, e) (choose indices told) ->
  In (c, e) told \/ exists i, e = Ends_index i /\ In (c, Ends_index ANY_INDEX) told.
Proof.
  induction told as [|[d x] l IH]; intros [|i is] H; cbn in *; auto.
  destruct (is_open x) eqn:O; cbn in H; destruct H as [H|H].
  - inversion H; subst. destruct x as [j| |]; try easy. apply Z.eqb_eq in O; subst. eauto.
  - destruct (IH _ H) as [K|(j & E & K)]; eauto.
  - inversion H; auto.
  - destruct (IH _ H) as [K|(j & E & K)]; eauto.
Qed.
Lemma chosen_in told given c e : chosen told given -> In (c, e) given ->
  In (c, e) told \/ exists i, e = Ends_index i /\ In (c, Ends_index ANY_INDEX) told.
Proof. intros (is & _ & ->). apply choose_in. Qed.

Lemma without_filter c q : NoDup q -> without c q = filter (fun d => negb (d =? c)) q.
Proof.
  induction 1 as [|x l N D IH]; [reflexivity|]. rewrite without_cons. cbn. rewrite (Z.eqb_sym x c).
  destruct (Z.eqb_spec c x); cbn; [|now rewrite IH]. subst. clear - N. induction l as [|y l IH]; [reflexivity|]. cbn.
  destruct (Z.eqb_spec y x); [subst; now destruct N; left|]. cbn. f_equal. apply IH. intro; apply N; now right.
Qed.
Lemma nodup_app_left {A} (a b : list A) : NoDup (a ++ b) -> NoDup a.
Proof. induction a; cbn; intro H; inversion H; subst; constructor; auto. intro I; apply H2, in_app_iff; now left. Qed.
Lemma same_value {A B} (l : list (A * B)) k x y : NoDup (map fst l) -> In (k, x) l -> In (k, y) l -> x = y.
Proof.
  induction l as [|[d z] l IH]; cbn; [easy|]. intros N G H. inversion N; subst.
  destruct G as [G|G], H as [H|H]; try congruence.
  - inversion G; subst. apply (in_map fst) in H. easy.
  - inversion H; subst. apply (in_map fst) in G. easy.
  - auto.
Qed.
Lemma nodup_app_right {A} (a b : list A) : NoDup (a ++ b) -> NoDup b.
Proof. induction a; cbn; intro H; [assumption|]. inversion H; auto. Qed.
