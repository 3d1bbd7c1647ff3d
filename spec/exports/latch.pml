/* Rendered from latchproof_spec/latch/rules.py by running its functions on symbolic numbers, policy latchproof.
 * Do not edit: `make spec` writes it again, and the test suite fails when it is stale.
 *
 * The latch together with the tasks that use it. A task is idle, parked at a position, or released with an
 * ending; owed_C[t] says that by claim C task t must continue eventually. There is one inline for each path
 * through an operation, named by its rule, with its guard simplified under the invariants below.
 *
 * Safety:   spin -a latch.pml && cc -O2 -DSAFETY -DNOREDUCE -DNOCLAIM -o pan pan.c && ./pan -m1000000
 * Liveness: spin -a latch.pml && cc -O2 -DNOREDUCE -DNFAIR=3 -o pan pan.c && ./pan -m1000000 -a -f -N C
 */
#define TASKS 4
#define IDLE 0
#define PARKED 1
#define RELEASED 2
#define Plain (-2)

short count = 2;
short parked = 0;
byte is[TASKS] = IDLE;
short at[TASKS] = 0;  /* the position of a task that is parked, the ending of one that is released */
bool owed_C12[TASKS] = false;

/* scratch: not part of a state */
hidden short new_count;
hidden short new_parked;
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
    assert(count >= 0);  /* C1: the count is not negative */
    assert((parked >= 0 && count > 0) || parked == 0);  /* C2: no task is parked at zero */
    assert(parked == 0 || count > 0);  /* C11: each blocked task is at a closed latch */
    assert(parked == tasks_parked);  /* C2: the parked are the tasks parked */
    assert(tasks_released > 0 || tasks_parked == 0 || count > 0);  /* C11: no task is stranded */
    u = 0
}

/* The latch is closed: the caller parks. */
inline L8(t) {
    new_count = count;
    new_parked = parked + 1;
    assert(new_count == count);  /* C1: the count is kept */
    assert(new_parked == parked + 1);  /* C2: the parked are counted */
    assert(parked == 0 || new_count > 0);  /* C12: zero releases */
    tasks_parked = 0; u = 0;  /* how many other tasks are parked */
    do
    :: u < TASKS -> tasks_parked = tasks_parked + (u != t && is[u] == PARKED); u++
    :: else -> break
    od;
    owed_C12[t] = false;
    is[t] = PARKED;
    at[t] = tasks_parked;
    count = new_count;
    parked = new_parked;
    u = 0
}

/* The latch is open: the caller returns. */
inline L7(t) {
    new_count = count;
    new_parked = parked;
    assert(new_count == count);  /* C1: the count is kept */
    assert(new_parked == parked);  /* C2: the parked are counted */
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        owed_C12[u] = owed_C12[u] || (true);
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C12[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    count = new_count;
    parked = new_parked;
    u = 0
}

/* The count falls by one; it is not zero yet. */
inline L1(t, exception_if_zero) {
    new_count = count - 1;
    new_parked = parked;
    assert(new_count == count - 1);  /* C1: the count is kept */
    assert(new_parked == parked);  /* C2: the parked are counted */
    assert(parked == 0 || new_count > 0);  /* C12: zero releases */
    owed_C12[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    count = new_count;
    parked = new_parked;
    u = 0
}

/* The count falls to zero: every parked task is released, in one step. */
inline L2(t, exception_if_zero) {
    new_count = 0;
    new_parked = 0;
    assert(new_count == count - 1);  /* C1: the count is kept */
    assert(new_parked == 0);  /* C2: the parked are counted */
    assert(new_count == 0);  /* C3: continues at zero */
    tasks_parked = 0; u = 0;  /* how many other tasks are parked */
    do
    :: u < TASKS -> tasks_parked = tasks_parked + (u != t && is[u] == PARKED); u++
    :: else -> break
    od;
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        place = at[u]; is[u] = RELEASED; at[u] = Plain;
        owed_C12[u] = owed_C12[u] || (true);
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C12[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    count = new_count;
    parked = new_parked;
    u = 0
}

/* The count is already zero and the caller asked for an error: nothing changes. */
inline L3x(t, exception_if_zero) {
    new_count = count;
    new_parked = parked;
    assert(new_count == count);  /* C1: the count is kept */
    assert(new_parked == parked);  /* C2: the parked are counted */
    assert(new_count == count && new_parked == parked);  /* C4: refused changes nothing */
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        owed_C12[u] = owed_C12[u] || (true);
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C12[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    count = new_count;
    parked = new_parked;
    u = 0
}

/* The count is already zero: nothing changes, and a warning is logged. */
inline L3(t, exception_if_zero) {
    new_count = count;
    new_parked = parked;
    assert(new_count == 0);  /* C1: the count is kept */
    assert(new_parked == parked);  /* C2: the parked are counted */
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        owed_C12[u] = owed_C12[u] || (true);
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C12[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    count = new_count;
    parked = new_parked;
    u = 0
}

/* The new count is negative: refused, nothing changes. */
inline L4(t, n) {
    new_count = count;
    new_parked = parked;
    assert(new_count == count);  /* C1: the count is kept */
    assert(new_parked == parked);  /* C2: the parked are counted */
    assert(new_count == count && new_parked == parked);  /* C4: refused changes nothing */
    assert(parked == 0 || new_count > 0);  /* C12: zero releases */
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        owed_C12[u] = owed_C12[u] || (count == 0);
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C12[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    count = new_count;
    parked = new_parked;
    u = 0
}

/* No task is parked: the count is set; 0 opens the latch, more closes it. */
inline L6(t, n) {
    new_count = n;
    new_parked = parked;
    assert(new_count == n);  /* C1: the count is kept */
    assert(new_parked == parked);  /* C2: the parked are counted */
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        owed_C12[u] = owed_C12[u] || (n == 0);
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C12[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    count = new_count;
    parked = new_parked;
    u = 0
}

/* Tasks are parked on the latch: refused, nothing changes. */
inline L5(t, n) {
    new_count = count;
    new_parked = parked;
    assert(new_count == count);  /* C1: the count is kept */
    assert(new_parked == parked);  /* C2: the parked are counted */
    assert(new_count == count && new_parked == parked);  /* C4: refused changes nothing */
    assert(new_count > 0);  /* C12: zero releases */
    owed_C12[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    count = new_count;
    parked = new_parked;
    u = 0
}

/* A parked task is cancelled or times out: one fewer is parked, nothing else changes. */
inline L9(t) {
    new_count = count;
    new_parked = parked - 1;
    assert(new_count == count);  /* C1: the count is kept */
    assert(new_parked == parked - 1);  /* C2: the parked are counted */
    assert(new_count == count && new_parked == parked - 1);  /* C7: a withdrawal takes back itself */
    assert(new_count > 0);  /* C12: zero releases */
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        place = at[u] - (is[t] == PARKED && at[t] < at[u]); at[u] = place;
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C12[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    count = new_count;
    parked = new_parked;
    u = 0
}

/* The task was already released: nothing changes. */
inline L10(t) {
    new_count = count;
    new_parked = parked;
    assert(new_count == count);  /* C1: the count is kept */
    assert(new_parked == parked);  /* C2: the parked are counted */
    assert(new_count == count && new_parked == parked);  /* C7: a withdrawal takes back itself */
    assert(parked == 0 || new_count > 0);  /* C12: zero releases */
    u = 0;
    do
    :: u < TASKS && u != t && is[u] == PARKED ->
        place = at[u] - (is[t] == PARKED && at[t] < at[u]); at[u] = place;
        owed_C12[u] = owed_C12[u] || (count == 0);
        u++
    :: u < TASKS && (u == t || is[u] != PARKED) -> u++
    :: else -> break
    od;
    owed_C12[t] = false;
    is[t] = IDLE;
    at[t] = 0;
    count = new_count;
    parked = new_parked;
    u = 0
}

#define user(t) \
    do \
    :: d_step { is[t] == IDLE && (count > 0) -> L8(t) } \
    :: d_step { is[t] == IDLE && (count == 0) -> L7(t) } \
    :: d_step { is[t] == IDLE && (count > 1) -> L1(t, false) } \
    :: d_step { is[t] == IDLE && (count > 1) -> L1(t, true) } \
    :: d_step { is[t] == IDLE && (count == 1) -> L2(t, false) } \
    :: d_step { is[t] == IDLE && (count == 1) -> L2(t, true) } \
    :: d_step { is[t] == IDLE && (count == 0) && (true) -> L3x(t, true) } \
    :: d_step { is[t] == IDLE && (count == 0) && (!false) -> L3(t, false) } \
    :: d_step { is[t] == IDLE && ((-1) < 0) -> L4(t, (-1)) } \
    :: d_step { is[t] == IDLE && (parked == 0) && (0 >= 0) -> L6(t, 0) } \
    :: d_step { is[t] == IDLE && (parked == 0) && (1 >= 0) -> L6(t, 1) } \
    :: d_step { is[t] == IDLE && (parked == 0) && (2 >= 0) -> L6(t, 2) } \
    :: d_step { is[t] == IDLE && (parked == 0) && (3 >= 0) -> L6(t, 3) } \
    :: d_step { is[t] == IDLE && (0 >= 0) && (parked != 0) -> L5(t, 0) } \
    :: d_step { is[t] == IDLE && (1 >= 0) && (parked != 0) -> L5(t, 1) } \
    :: d_step { is[t] == IDLE && (2 >= 0) && (parked != 0) -> L5(t, 2) } \
    :: d_step { is[t] == IDLE && (3 >= 0) && (parked != 0) -> L5(t, 3) } \
    :: d_step { is[t] != IDLE && ((is[t] == PARKED)) -> L9(t) } \
    :: d_step { is[t] != IDLE && (!(is[t] == PARKED)) -> L10(t) } \
    :: d_step { true -> look() } \
    od

#define host(t) \
    do \
    :: d_step { is[t] == RELEASED -> is[t] = IDLE; at[t] = 0; owed_C12[t] = false; } \
    od

active proctype user_0() { user(0) }
active proctype host_0() { host(0) }
active proctype user_1() { user(1) }
active proctype host_1() { host(1) }
active proctype user_2() { user(2) }
active proctype host_2() { host(2) }
active proctype user_3() { user(3) }
active proctype host_3() { host(3) }

/* C12: parked at zero continues */
#define is_owed_C12 (owed_C12[0])
ltl C12 { [] (is_owed_C12 -> <> (!is_owed_C12)) }
