---- MODULE latch ----
\* Rendered from latchproof_spec/latch/rules.py by running its functions on symbolic numbers, policy latchproof.
\* Do not edit: `make spec` writes it again, and the test suite fails when it is stale.
\*
\* The latch together with the tasks that use it. A task is idle, parked at a position, or released with
\* an ending; owed[t] holds the claims by which task t must continue eventually. There is one action for
\* each path through an operation, named by its rule, with its guard simplified under the invariants below.
EXTENDS Integers, FiniteSets

CONSTANTS
    Tasks,    \* the tasks that use it, a finite set
    Argument, \* its count when it is made
    Highest   \* numbers that are arguments are -1 to this
ASSUME Argument >= 0

VARIABLES count, parked, task, owed
vars == <<count, parked, task, owed>>

Idle == [is |-> "idle", at |-> 0]
ParkedAt(position) == [is |-> "parked", at |-> position]
ReleasedWith(ending) == [is |-> "released", at |-> ending]
IsParked(t) == task[t].is = "parked"
Queue == {t \in Tasks : IsParked(t)}
Released == {t \in Tasks : task[t].is = "released"}
Others(t) == Cardinality(Queue \ {t})  \* how many other tasks are parked
Place(u, t) ==  \* the position of u, once t has left
    IF IsParked(t) /\ task[t].at < task[u].at THEN task[u].at - 1 ELSE task[u].at
Owe(t, caller, others) ==  \* what a step of t owes to it, and to each of the parked
    owed' = [u \in Tasks |->
        IF u = t THEN caller ELSE IF IsParked(u) THEN owed[u] \cup others ELSE owed[u]]
\* endings that are not an index
Plain == -2

Init ==
    /\ count = Argument
    /\ parked = 0
    /\ task = [t \in Tasks |-> Idle]
    /\ owed = [t \in Tasks |-> {}]

\* The latch is closed: the caller parks.
L8(t) ==
    /\ count > 0
    /\ count' = count
    /\ parked' = parked + 1
    /\ task' = [u \in Tasks |-> IF u = t THEN ParkedAt(Others(t)) ELSE task[u]]
    /\ owed' = [owed EXCEPT ![t] = {}]

\* The latch is open: the caller returns.
L7(t) ==
    /\ count = 0
    /\ count' = count
    /\ parked' = parked
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE task[u]]
    /\ Owe(t, {}, {"C12"})

wait(t) ==
    /\ task[t] = Idle
    /\ L8(t) \/ L7(t)

\* The count falls by one; it is not zero yet.
L1(t, exception_if_zero) ==
    /\ count > 1
    /\ count' = count - 1
    /\ parked' = parked
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE task[u]]
    /\ owed' = [owed EXCEPT ![t] = {}]

\* The count falls to zero: every parked task is released, in one step.
L2(t, exception_if_zero) ==
    /\ count = 1
    /\ count' = 0
    /\ parked' = 0
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE IF IsParked(u) THEN ReleasedWith(Plain) ELSE task[u]]
    /\ Owe(t, {}, {"C12"})

\* The count is already zero and the caller asked for an error: nothing changes.
L3x(t, exception_if_zero) ==
    /\ count = 0
    /\ exception_if_zero
    /\ count' = count
    /\ parked' = parked
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE task[u]]
    /\ Owe(t, {}, {"C12"})

\* The count is already zero: nothing changes, and a warning is logged.
L3(t, exception_if_zero) ==
    /\ count = 0
    /\ ~exception_if_zero
    /\ count' = count
    /\ parked' = parked
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE task[u]]
    /\ Owe(t, {}, {"C12"})

count_down(t, exception_if_zero) ==
    /\ task[t] = Idle
    /\ L1(t, exception_if_zero) \/ L2(t, exception_if_zero) \/ L3x(t, exception_if_zero) \/ L3(t, exception_if_zero)

\* The new count is negative: refused, nothing changes.
L4(t, n) ==
    /\ n < 0
    /\ count' = count
    /\ parked' = parked
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE task[u]]
    /\ Owe(t, {}, {c \in {"C12"} : count = 0})

\* No task is parked: the count is set; 0 opens the latch, more closes it.
L6(t, n) ==
    /\ parked = 0
    /\ n >= 0
    /\ count' = n
    /\ parked' = parked
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE task[u]]
    /\ Owe(t, {}, {c \in {"C12"} : n = 0})

\* Tasks are parked on the latch: refused, nothing changes.
L5(t, n) ==
    /\ n >= 0
    /\ parked # 0
    /\ count' = count
    /\ parked' = parked
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE task[u]]
    /\ owed' = [owed EXCEPT ![t] = {}]

set_count(t, n) ==
    /\ task[t] = Idle
    /\ L4(t, n) \/ L6(t, n) \/ L5(t, n)

\* A parked task is cancelled or times out: one fewer is parked, nothing else changes.
L9(t, is_parked) ==
    /\ is_parked
    /\ count' = count
    /\ parked' = parked - 1
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE IF IsParked(u) THEN ParkedAt(Place(u, t)) ELSE task[u]]
    /\ owed' = [owed EXCEPT ![t] = {}]

\* The task was already released: nothing changes.
L10(t, is_parked) ==
    /\ ~is_parked
    /\ count' = count
    /\ parked' = parked
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE IF IsParked(u) THEN ParkedAt(Place(u, t)) ELSE task[u]]
    /\ Owe(t, {}, {c \in {"C12"} : count = 0})

withdraw(t) ==  \* the host cancels it
    /\ task[t] # Idle
    /\ L9(t, IsParked(t)) \/ L10(t, IsParked(t))

Continues(t) ==  \* a released task runs
    /\ t \in Released
    /\ task' = [task EXCEPT ![t] = Idle]
    /\ owed' = [owed EXCEPT ![t] = {}]
    /\ UNCHANGED <<count, parked>>

Next ==
    \/ \E t \in Tasks :
        \/ wait(t)
        \/ \E exception_if_zero \in BOOLEAN : count_down(t, exception_if_zero)
        \/ \E n \in -1..Highest : set_count(t, n)
        \/ withdraw(t)
        \/ Continues(t)

Spec == Init /\ [][Next]_vars
Fair == Spec /\ \A t \in Tasks : WF_vars(Continues(t))  \* the host lets a released task run eventually

\* C1: the count is not negative
count_is_not_negative == count >= 0

\* C2: no task is parked at zero
no_task_is_parked_at_zero == (parked >= 0 /\ count > 0) \/ parked = 0

\* C11: each blocked task is at a closed latch
blocked_while_closed == parked = 0 \/ count > 0

\* C2: the parked are the tasks parked
parked_are_the_tasks_parked == parked = Cardinality(Queue)

\* C11: no task is stranded
no_task_is_stranded == Cardinality(Released) > 0 \/ Cardinality(Queue) = 0 \/ count > 0

\* What each step does, by the rule that applied.
every_step == [][\A t \in Tasks :
    /\ task[t] = Idle /\ L8(t) =>
        /\ count' = count  \* C1: the count is kept
        /\ parked' = parked + 1  \* C2: the parked are counted
        /\ (parked = 0 \/ count' > 0)  \* C12: zero releases
    /\ task[t] = Idle /\ L7(t) =>
        /\ count' = count  \* C1: the count is kept
        /\ parked' = parked  \* C2: the parked are counted
    /\ \A exception_if_zero \in BOOLEAN : task[t] = Idle /\ L1(t, exception_if_zero) =>
        /\ count' = count - 1  \* C1: the count is kept
        /\ parked' = parked  \* C2: the parked are counted
        /\ (parked = 0 \/ count' > 0)  \* C12: zero releases
    /\ \A exception_if_zero \in BOOLEAN : task[t] = Idle /\ L2(t, exception_if_zero) =>
        /\ count' = count - 1  \* C1: the count is kept
        /\ parked' = 0  \* C2: the parked are counted
        /\ count' = 0  \* C3: continues at zero
    /\ \A exception_if_zero \in BOOLEAN : task[t] = Idle /\ L3x(t, exception_if_zero) =>
        /\ count' = count  \* C1: the count is kept
        /\ parked' = parked  \* C2: the parked are counted
        /\ count' = count /\ parked' = parked  \* C4: refused changes nothing
    /\ \A exception_if_zero \in BOOLEAN : task[t] = Idle /\ L3(t, exception_if_zero) =>
        /\ count' = 0  \* C1: the count is kept
        /\ parked' = parked  \* C2: the parked are counted
    /\ \A n \in -1..Highest : task[t] = Idle /\ L4(t, n) =>
        /\ count' = count  \* C1: the count is kept
        /\ parked' = parked  \* C2: the parked are counted
        /\ count' = count /\ parked' = parked  \* C4: refused changes nothing
        /\ (parked = 0 \/ count' > 0)  \* C12: zero releases
    /\ \A n \in -1..Highest : task[t] = Idle /\ L6(t, n) =>
        /\ count' = n  \* C1: the count is kept
        /\ parked' = parked  \* C2: the parked are counted
    /\ \A n \in -1..Highest : task[t] = Idle /\ L5(t, n) =>
        /\ count' = count  \* C1: the count is kept
        /\ parked' = parked  \* C2: the parked are counted
        /\ count' = count /\ parked' = parked  \* C4: refused changes nothing
        /\ count' > 0  \* C12: zero releases
    /\ task[t] # Idle /\ L9(t, IsParked(t)) =>
        /\ count' = count  \* C1: the count is kept
        /\ parked' = parked - 1  \* C2: the parked are counted
        /\ count' = count /\ parked' = parked - 1  \* C7: a withdrawal takes back itself
        /\ count' > 0  \* C12: zero releases
    /\ task[t] # Idle /\ L10(t, IsParked(t)) =>
        /\ count' = count  \* C1: the count is kept
        /\ parked' = parked  \* C2: the parked are counted
        /\ count' = count /\ parked' = parked  \* C7: a withdrawal takes back itself
        /\ (parked = 0 \/ count' > 0)  \* C12: zero releases
    ]_vars

\* C12: parked at zero continues
C12 == \A t \in Tasks : ("C12" \in owed[t]) ~> ("C12" \notin owed[t])
====
