/* Rendered from latchproof_spec/barrier/rules.py by running its functions on symbolic numbers, policy latchproof.
 * Do not edit: `make spec` writes it again, and the test suite fails when it is stale.
 *
 * The barrier together with the tasks that use it. A task is idle, parked at a position, or released with an
 * ending; owed_C[t] says that by claim C task t must continue eventually. There is one inline for each path
 * through an operation, named by its rule, with its guard simplified under the invariants below.
 *
 * Safety:   spin -a barrier.pml && cc -O2 -DSAFETY -DNOREDUCE -DNOCLAIM -o pan pan.c && ./pan -m1000000
 * Liveness: spin -a barrier.pml && cc -O2 -DNOREDUCE -DNFAIR=3 -o pan pan.c && ./pan -m1000000 -a -f -N C
 */
#define TASKS 4
#define IDLE 0
#define PARKED 1
#define RELEASED 2
#define Plain (-2)
#define BrokenBarrierError (-3)
#define parties 3

short parked = 0;
bool broken = false;
byte is[TASKS] = IDLE;
short at[TASKS] = 0;  /* the position of a task that is parked, the ending of one that is released */
bool owed_C13[TASKS] = false;
bool owed_C14[TASKS] = false;

/* scratch: not part of a state */
hidden short new_parked;
hidden short new_broken;
hidden short tasks_parked;
hidden short tasks_released;
hidden short place;
hidden short u;

inline look() {
    tasks_parked = 0; tasks_released = 0; u = 0;
    do
    :: u < TASKS -> tasks_parked = tasks_parked + (is[u] == PARKED);
        tasks_released = tasks_released + (is[u] == RELEASED); u++
    :: else -> break
    od;
    assert(parked >= 0 && parked < parties);  /* C6, C11: fewer than parties are parked */
    assert(!broken || parked == 0);  /* C11: no task is parked when broken */
    assert(parked == tasks_parked);  /* C6: the parked are the tasks parked */
    assert(tasks_released > 0 || tasks_parked == 0 || (!broken && tasks_parked < parties));  /* C11: no task is stranded */
    u = 0
}

/* The barrier is broken: refused, nothing changes. */
inline B3(t) {
    new_parked = parked;
    new_broken = broken;
    assert(new_parked == parked && new_broken == broken);  /* C4: refused changes nothing */
    assert(new_parked == parked);  /* C6: arrivals are counted */
    assert(new_broken == broken);  /* C9: only abort breaks and only reset restores */
    owed_C13[t] = false;
    owed_C14[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    parked = new_parked;
    broken = new_broken;
    u = 0
}

/* The generation is not complete: the caller parks. */
inline B1(t) {
    new_parked = parked + 1;
    new_broken = broken;
    assert(new_parked == parked + 1);  /* C6: arrivals are counted */
    assert(new_broken == broken);  /* C9: only abort breaks and only reset restores */
    assert(!new_broken);  /* C14: breaking fails the parked */
    tasks_parked = 0; u = 0;  /* how many other tasks are parked */
    do
    :: u < TASKS -> tasks_parked = tasks_parked + (u != t && is[u] == PARKED); u++
    :: else -> break
    od;
    owed_C13[t] = false;
    owed_C14[t] = false;
    is[t] = PARKED;
    at[t] = tasks_parked;
    parked = new_parked;
    broken = new_broken;
    u = 0
}

/* The caller completes the generation: the parked are released with 0, 1, 2, ... by order of arrival, the caller returns parties - 1, and a new generation fills. */
inline B2(t) {
    new_parked = 0;
    new_broken = broken;
    assert(new_parked == 0 && new_broken == broken);  /* C6, C13: a whole generation trips */
    assert(new_parked == 0);  /* C6: arrivals are counted */
    assert(new_broken == broken);  /* C9: only abort breaks and only reset restores */
    assert(!new_broken);  /* C14: breaking fails the parked */
    tasks_parked = 0; u = 0;  /* how many other tasks are parked */
    do
    :: u < TASKS -> tasks_parked = tasks_parked + (u != t && is[u] == PARKED); u++
    :: else -> break
    od;
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        place = at[u]; is[u] = RELEASED; at[u] = place;
        owed_C13[u] = owed_C13[u] || (true);
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C13[t] = false;
    owed_C14[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    parked = new_parked;
    broken = new_broken;
    u = 0
}

/* The barrier is broken, and the parked tasks fail. */
inline B6(t) {
    new_parked = 0;
    new_broken = true;
    assert(new_parked == 0);  /* C6: arrivals are counted */
    assert(new_broken && new_parked == 0);  /* C9: only abort breaks and only reset restores */
    tasks_parked = 0; u = 0;  /* how many other tasks are parked */
    do
    :: u < TASKS -> tasks_parked = tasks_parked + (u != t && is[u] == PARKED); u++
    :: else -> break
    od;
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        place = at[u]; is[u] = RELEASED; at[u] = BrokenBarrierError;
        owed_C14[u] = owed_C14[u] || (true);
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C13[t] = false;
    owed_C14[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    parked = new_parked;
    broken = new_broken;
    u = 0
}

/* The barrier is whole again, and the parked tasks fail. */
inline B7(t) {
    new_parked = 0;
    new_broken = false;
    assert(new_parked == 0);  /* C6: arrivals are counted */
    assert(!new_broken && new_parked == 0);  /* C9: only abort breaks and only reset restores */
    tasks_parked = 0; u = 0;  /* how many other tasks are parked */
    do
    :: u < TASKS -> tasks_parked = tasks_parked + (u != t && is[u] == PARKED); u++
    :: else -> break
    od;
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        place = at[u]; is[u] = RELEASED; at[u] = BrokenBarrierError;
        owed_C14[u] = owed_C14[u] || (true);
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C13[t] = false;
    owed_C14[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    parked = new_parked;
    broken = new_broken;
    u = 0
}

/* A parked task is cancelled or times out: its arrival is taken back, and later arrivals move up. */
inline B4(t) {
    new_parked = parked - 1;
    new_broken = broken;
    assert(new_parked == parked - 1);  /* C6: arrivals are counted */
    assert(new_parked == parked - 1 && new_broken == broken);  /* C7: a withdrawal takes back itself */
    assert(new_broken == broken);  /* C9: only abort breaks and only reset restores */
    assert(!new_broken);  /* C14: breaking fails the parked */
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        place = at[u] - (is[t] == PARKED && at[t] < at[u]); at[u] = place;
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C13[t] = false;
    owed_C14[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    parked = new_parked;
    broken = new_broken;
    u = 0
}

/* The task was already released: nothing changes, for any task. */
inline B5(t) {
    new_parked = parked;
    new_broken = broken;
    assert(new_parked == parked);  /* C6: arrivals are counted */
    assert(new_parked == parked && new_broken == broken);  /* C7: a withdrawal takes back itself */
    assert(new_broken == broken);  /* C9: only abort breaks and only reset restores */
    assert(!new_broken || broken);  /* C14: breaking fails the parked */
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        place = at[u] - (is[t] == PARKED && at[t] < at[u]); at[u] = place;
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C13[t] = false;
    owed_C14[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    parked = new_parked;
    broken = new_broken;
    u = 0
}

/* The task was cancelled before it arrived: it made no call. */
inline B5e(t) {
    new_parked = parked;
    new_broken = broken;
    assert(new_parked == parked);  /* C6: arrivals are counted */
    assert(new_parked == parked && new_broken == broken);  /* C7: a withdrawal takes back itself */
    assert(new_broken == broken);  /* C9: only abort breaks and only reset restores */
    assert(!new_broken || broken);  /* C14: breaking fails the parked */
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        place = at[u] - (is[t] == PARKED && at[t] < at[u]); at[u] = place;
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C13[t] = false;
    owed_C14[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    parked = new_parked;
    broken = new_broken;
    u = 0
}

#define user(t) \
    do \
    :: d_step { is[t] == IDLE && (broken) -> B3(t) } \
    :: d_step { is[t] == IDLE && (!broken) && (parked + 1 < parties) -> B1(t) } \
    :: d_step { is[t] == IDLE && (!broken) && (parked + 1 >= parties) -> B2(t) } \
    :: d_step { is[t] == IDLE -> B6(t) } \
    :: d_step { is[t] == IDLE -> B7(t) } \
    :: d_step { ((is[t] == PARKED)) -> B4(t) } \
    :: d_step { (!(is[t] == PARKED)) && (((is[t] == PARKED) || (is[t] == RELEASED))) -> B5(t) } \
    :: d_step { (!(is[t] == PARKED)) && (!((is[t] == PARKED) || (is[t] == RELEASED))) -> B5e(t) } \
    :: d_step { true -> look() } \
    od

#define host(t) \
    do \
    :: d_step { is[t] == RELEASED -> is[t] = IDLE; at[t] = 0; owed_C13[t] = false; owed_C14[t] = false; } \
    od

active proctype user_0() { user(0) }
active proctype host_0() { host(0) }
active proctype user_1() { user(1) }
active proctype host_1() { host(1) }
active proctype user_2() { user(2) }
active proctype host_2() { host(2) }
active proctype user_3() { user(3) }
active proctype host_3() { host(3) }

/* C13: a whole generation continues */
#define is_owed_C13 (owed_C13[0])
ltl C13 { [] (is_owed_C13 -> <> (!is_owed_C13)) }

/* C14: parked at a break or reset continues */
#define is_owed_C14 (owed_C14[0])
ltl C14 { [] (is_owed_C14 -> <> (!is_owed_C14)) }
