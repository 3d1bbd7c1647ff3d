(* What a machine is: data that the exporter renders from the specification's table of it. *)
From Latchproof Require Import Py Step.

Record Machine : Type := {
  States : Set;
  Operations : Set;
  initially : States;
  (* What a call does. *)
  on_call : Operations -> States -> States * Rule;
  (* What the withdrawal of a call does, given whether the call is parked and whether it is released. *)
  on_withdrawal : bool -> bool -> States -> States * Rule;
  (* Whether a call may be withdrawn before it is made: its task is cancelled when it calls. *)
  withdraws_fresh : bool;
  (* Whether a rule may fail calls that are released with an index and have not continued. *)
  reaches : Rule -> bool
}.
