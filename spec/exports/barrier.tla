---- MODULE barrier ----
\* Rendered from latchproof_spec/barrier/rules.py by running its functions on symbolic numbers, policy latchproof.
\* Do not edit: `make spec` writes it again, and the test suite fails when it is stale.
\*
\* The barrier together with the tasks that use it. A task is idle, parked at a position, or released with
\* an ending; owed[t] holds the claims by which task t must continue eventually. There is one action for
\* each path through an operation, named by its rule, with its guard simplified under the invariants below.
EXTENDS Integers, FiniteSets

CONSTANTS
    Tasks,    \* the tasks that use it, a finite set
    Argument  \* its parties when it is made
ASSUME Argument >= 1
parties == Argument

VARIABLES parked, broken, task, owed
vars == <<parked, broken, task, owed>>

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
BrokenBarrierError == -3

Init ==
    /\ parked = 0
    /\ broken = FALSE
    /\ task = [t \in Tasks |-> Idle]
    /\ owed = [t \in Tasks |-> {}]

\* The barrier is broken: refused, nothing changes.
B3(t) ==
    /\ broken
    /\ parked' = parked
    /\ broken' = broken
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE task[u]]
    /\ owed' = [owed EXCEPT ![t] = {}]

\* The generation is not complete: the caller parks.
B1(t) ==
    /\ ~broken
    /\ parked + 1 < parties
    /\ parked' = parked + 1
    /\ broken' = broken
    /\ task' = [u \in Tasks |-> IF u = t THEN ParkedAt(Others(t)) ELSE task[u]]
    /\ owed' = [owed EXCEPT ![t] = {}]

\* The caller completes the generation: the parked are released with 0, 1, 2, ... by order of arrival, the caller returns parties - 1, and a new generation fills.
B2(t) ==
    /\ ~broken
    /\ parked + 1 >= parties
    /\ parked' = 0
    /\ broken' = broken
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE IF IsParked(u) THEN ReleasedWith(task[u].at) ELSE task[u]]
    /\ Owe(t, {}, {"C13"})

wait(t) ==
    /\ task[t] = Idle
    /\ B3(t) \/ B1(t) \/ B2(t)

\* The barrier is broken, and the parked tasks fail.
B6(t) ==
    /\ parked' = 0
    /\ broken' = TRUE
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE IF IsParked(u) THEN ReleasedWith(BrokenBarrierError) ELSE task[u]]
    /\ Owe(t, {}, {"C14"})

abort(t) ==
    /\ task[t] = Idle
    /\ B6(t)

\* The barrier is whole again, and the parked tasks fail.
B7(t) ==
    /\ parked' = 0
    /\ broken' = FALSE
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE IF IsParked(u) THEN ReleasedWith(BrokenBarrierError) ELSE task[u]]
    /\ Owe(t, {}, {"C14"})

reset(t) ==
    /\ task[t] = Idle
    /\ B7(t)

\* A parked task is cancelled or times out: its arrival is taken back, and later arrivals move up.
B4(t, is_parked, has_arrived) ==
    /\ is_parked
    /\ parked' = parked - 1
    /\ broken' = broken
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE IF IsParked(u) THEN ParkedAt(Place(u, t)) ELSE task[u]]
    /\ owed' = [owed EXCEPT ![t] = {}]

\* The task was already released: nothing changes, for any task.
B5(t, is_parked, has_arrived) ==
    /\ ~is_parked
    /\ has_arrived
    /\ parked' = parked
    /\ broken' = broken
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE IF IsParked(u) THEN ParkedAt(Place(u, t)) ELSE task[u]]
    /\ owed' = [owed EXCEPT ![t] = {}]

\* The task was cancelled before it arrived: it made no call.
B5e(t, is_parked, has_arrived) ==
    /\ ~is_parked
    /\ ~has_arrived
    /\ parked' = parked
    /\ broken' = broken
    /\ task' = [u \in Tasks |-> IF u = t THEN Idle ELSE IF IsParked(u) THEN ParkedAt(Place(u, t)) ELSE task[u]]
    /\ owed' = [owed EXCEPT ![t] = {}]

withdraw(t) ==  \* the host cancels it
    /\ B4(t, IsParked(t), (IsParked(t) \/ (task[t].is = "released"))) \/ B5(t, IsParked(t), (IsParked(t) \/ (task[t].is = "released"))) \/ B5e(t, IsParked(t), (IsParked(t) \/ (task[t].is = "released")))

Continues(t) ==  \* a released task runs
    /\ t \in Released
    /\ task' = [task EXCEPT ![t] = Idle]
    /\ owed' = [owed EXCEPT ![t] = {}]
    /\ UNCHANGED <<parked, broken>>

Next ==
    \/ \E t \in Tasks :
        \/ wait(t)
        \/ abort(t)
        \/ reset(t)
        \/ withdraw(t)
        \/ Continues(t)

Spec == Init /\ [][Next]_vars
Fair == Spec /\ \A t \in Tasks : WF_vars(Continues(t))  \* the host lets a released task run eventually

\* C6, C11: fewer than parties are parked
fewer_than_parties_are_parked == parked >= 0 /\ parked < parties

\* C11: no task is parked when broken
no_task_is_parked_when_broken == ~broken \/ parked = 0

\* C6: the parked are the tasks parked
parked_are_the_tasks_parked == parked = Cardinality(Queue)

\* C11: no task is stranded
no_task_is_stranded == Cardinality(Released) > 0 \/ Cardinality(Queue) = 0 \/ (~broken /\ Cardinality(Queue) < parties)

\* What each step does, by the rule that applied.
every_step == [][\A t \in Tasks :
    /\ task[t] = Idle /\ B3(t) =>
        /\ parked' = parked /\ broken' = broken  \* C4: refused changes nothing
        /\ parked' = parked  \* C6: arrivals are counted
        /\ broken' = broken  \* C9: only abort breaks and only reset restores
    /\ task[t] = Idle /\ B1(t) =>
        /\ parked' = parked + 1  \* C6: arrivals are counted
        /\ broken' = broken  \* C9: only abort breaks and only reset restores
        /\ ~broken'  \* C14: breaking fails the parked
    /\ task[t] = Idle /\ B2(t) =>
        /\ parked' = 0 /\ broken' = broken  \* C6, C13: a whole generation trips
        /\ parked' = 0  \* C6: arrivals are counted
        /\ broken' = broken  \* C9: only abort breaks and only reset restores
        /\ ~broken'  \* C14: breaking fails the parked
    /\ task[t] = Idle /\ B6(t) =>
        /\ parked' = 0  \* C6: arrivals are counted
        /\ broken' /\ parked' = 0  \* C9: only abort breaks and only reset restores
    /\ task[t] = Idle /\ B7(t) =>
        /\ parked' = 0  \* C6: arrivals are counted
        /\ ~broken' /\ parked' = 0  \* C9: only abort breaks and only reset restores
    /\ B4(t, IsParked(t), (IsParked(t) \/ (task[t].is = "released"))) =>
        /\ parked' = parked - 1  \* C6: arrivals are counted
        /\ parked' = parked - 1 /\ broken' = broken  \* C7: a withdrawal takes back itself
        /\ broken' = broken  \* C9: only abort breaks and only reset restores
        /\ ~broken'  \* C14: breaking fails the parked
    /\ B5(t, IsParked(t), (IsParked(t) \/ (task[t].is = "released"))) =>
        /\ parked' = parked  \* C6: arrivals are counted
        /\ parked' = parked /\ broken' = broken  \* C7: a withdrawal takes back itself
        /\ broken' = broken  \* C9: only abort breaks and only reset restores
        /\ (~broken' \/ broken)  \* C14: breaking fails the parked
    /\ B5e(t, IsParked(t), (IsParked(t) \/ (task[t].is = "released"))) =>
        /\ parked' = parked  \* C6: arrivals are counted
        /\ parked' = parked /\ broken' = broken  \* C7: a withdrawal takes back itself
        /\ broken' = broken  \* C9: only abort breaks and only reset restores
        /\ (~broken' \/ broken)  \* C14: breaking fails the parked
    ]_vars

\* C13: a whole generation continues
C13 == \A t \in Tasks : ("C13" \in owed[t]) ~> ("C13" \notin owed[t])

\* C14: parked at a break or reset continues
C14 == \A t \in Tasks : ("C14" \in owed[t]) ~> ("C14" \notin owed[t])
====
