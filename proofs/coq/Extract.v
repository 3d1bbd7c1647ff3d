(* The judges as an OCaml program. Nothing is extracted by hand but booleans, options, pairs, lists and whole numbers. *)
From Coq Require Import Extraction ExtrOcamlBasic ExtrOcamlZInt.
From Latchproof Require Import Judges.

Extraction "second_judge.ml" BarrierJudge LatchJudge error_number whole anything_else.
