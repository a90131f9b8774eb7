package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	client "github.com/redis/go-redis/v9"
	"github.com/zclconf/go-cty/cty"
)

// shared is the mode in which every resource has a user on one server, and the
// keys and channels that begin with a prefix.
type shared struct {
	settings settings
	admin    *client.Client
	saver    saver

	mu       sync.Mutex
	examined bool
	counting sync.Mutex // held from counting users to adding one
}

var _ site = (*shared)(nil)

// sharedConnections is how many calls talk to the server at once.
const sharedConnections = 8

func newShared(s settings) *shared {
	options := s.connection()
	options.PoolSize = sharedConnections
	return &shared{settings: s, admin: client.NewClient(options)}
}

// connection is what url says.
func (s settings) connection() *client.Options {
	options := *s.url
	secure(quiet(&options))
	return &options
}

func (s *shared) close() { _ = s.admin.Close() }

// examine sees whether the server can do what we need.
func (s *shared) examine(ctx context.Context) (backend.Diagnostics, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.examined {
		return nil, nil
	}
	for _, check := range []func(context.Context) (wrong, remedy string, err error){s.version, s.alone, s.writable, s.closed, s.keepsUsers} {
		wrong, remedy, err := check(ctx)
		if err != nil {
			return nil, atURL(ctx, err)
		}
		if wrong != "" {
			return wrongAt("url", wrong, remedy), nil
		}
	}
	s.examined = true
	return nil, nil
}

func (s *shared) version(ctx context.Context) (wrong, remedy string, err error) {
	version, err := infoText(ctx, s.admin, "server", "redis_version")
	if err != nil {
		return "", "", err
	}
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestVersion {
		return fmt.Sprintf("Redis %s is too old", version), fmt.Sprintf("Version %d is the oldest that works.", oldestVersion), nil
	}
	return "", "", nil
}

func (s *shared) alone(ctx context.Context) (wrong, remedy string, err error) {
	clustered, err := infoText(ctx, s.admin, "cluster", "cluster_enabled")
	if clustered == "1" {
		wrong, remedy = "The server is part of a cluster", "Shared mode needs a single server: users and keys would be looked for on one of the nodes only."
	}
	return wrong, remedy, err
}

func (s *shared) writable(ctx context.Context) (wrong, remedy string, err error) {
	role, err := infoText(ctx, s.admin, "replication", "role")
	if err == nil && role != "master" {
		wrong, remedy = "The server is a replica", "Customers could not write to it. Write the URL of its master."
	}
	return wrong, remedy, err
}

// closed finds a user that needs no password: the default one, as every server
// has it that nobody has set up, is a single RESET away.
func (s *shared) closed(ctx context.Context) (wrong, remedy string, err error) {
	open, err := openUser(ctx, s.admin)
	if open != "" {
		wrong = fmt.Sprintf("The user %q needs no password", open)
		remedy = fmt.Sprintf(`Every customer could become that user. Switch it off with "ACL SETUSER %s off" and "ACL SAVE", or give it a password.`, open)
	}
	return wrong, remedy, err
}

// keepsUsers tries it. The first ACL SAVE after a start takes long, so it is made
// here and not in a customer's order.
func (s *shared) keepsUsers(ctx context.Context) (wrong, remedy string, err error) {
	err = s.saveUsers(ctx)
	if err != nil && strings.Contains(err.Error(), "not configured to use an ACL file") {
		return "The server keeps no users", `It would forget all customers at its next start. Write "aclfile /etc/redis/users.acl" into its redis.conf, ` +
			`move all lines that begin with "user" from there into that file, make the file if there are none, and restart it.`, nil
	}
	return "", "", err
}

func atURL(ctx context.Context, err error) error {
	err = explain(ctx, looking, err)
	if failure, ok := errors.AsType[*backend.Failure](err); ok && failure.Path == nil {
		failure.Path = cty.GetAttrPath("url")
	}
	return err
}

// saveUsers writes all users to the server's disk: what was changed before it
// is called is kept when it returns. Redis does nothing else meanwhile, so calls
// that come together are served by one.
func (s *shared) saveUsers(ctx context.Context) error {
	return s.saver.save(ctx, func(ctx context.Context) error { return s.admin.Do(ctx, "ACL", "SAVE").Err() })
}

// tenant is a call that works on the users of one resource.
type tenant struct {
	*shared
	work
	users    map[string]aclUser // ours, by name
	login    string             // that the call is about
	password string             // a secret
	result   backend.Result
}

func (t target) prefix() string { return t.short + ":" }

// tenant looks the users of a resource up. Those of somebody else are a
// Conflict.
func (s *shared) tenant(ctx context.Context, w work) (*tenant, error) {
	t := &tenant{shared: s, work: w, users: map[string]aclUser{}}
	for _, name := range w.target.logins() {
		user, found, err := getUser(ctx, s.admin, name)
		if err != nil {
			return nil, explain(ctx, looking, err)
		}
		if !found {
			continue
		}
		if user.resource != w.target.resource {
			return nil, backend.Failf(backend.Conflict, "the user %s exists and is not the resource's: its rules have no %q", name, "&"+resourceMark+w.target.resource)
		}
		t.users[name] = user
	}
	t.login = w.target.current(w.op, t.names())
	return t, nil
}

func (t *tenant) names() []string {
	var names []string
	for name := range t.users {
		names = append(names, name)
	}
	return names
}

// purgeAfter is zero unless the resource is only kept.
func (t *tenant) purgeAfter() time.Time {
	for _, user := range t.users {
		if !user.purgeAfter.IsZero() {
			return user.purgeAfter
		}
	}
	return time.Time{}
}

// locked reports whether the customer is suspended, or gone.
func (t *tenant) locked() bool {
	for _, user := range t.users {
		if user.on {
			return false
		}
	}
	return len(t.users) > 0
}

func (t *tenant) run(ctx context.Context, steps ...step) error {
	return runSteps(ctx, t.events, steps)
}

// save is the last step of whatever changes users.
func (t *tenant) save() step { return step{"have the server keep its users", t.saveUsers} }

func (s *shared) provision(ctx context.Context, w work) (backend.Result, error) {
	password, err := passwordOf(w.op)
	if err != nil {
		return backend.Result{}, err
	}
	t, err := s.tenant(ctx, w)
	if err != nil {
		return backend.Result{}, err
	}
	if until := t.purgeAfter(); !until.IsZero() {
		return backend.Result{}, revival(w.target, until)
	}
	t.login, t.password = w.target.logins()[0], password
	err = t.run(ctx,
		step{"make the user", t.admit},
		t.save(),
		step{"log in as the customer", t.prove},
		step{"tell its address", t.tell},
	)
	return t.result, err
}

// admit makes the user, unless there are too many.
func (t *tenant) admit(ctx context.Context) error {
	if len(t.users) == 0 {
		t.counting.Lock()
		defer t.counting.Unlock()
		if err := t.room(ctx); err != nil {
			return err
		}
	}
	return t.setLogin(ctx, "on")
}

// setLogin makes the login what it is to be, in one step.
func (t *tenant) setLogin(ctx context.Context, onOrOff string) error {
	rules := append([]string{"reset", onOrOff, "#" + hashOf(t.password)}, sharedRules(t.target.prefix())...)
	return setUser(ctx, t.admin, t.login, append(rules, "&"+resourceMark+t.target.resource))
}

func (t *tenant) room(ctx context.Context) error {
	names, err := userNames(ctx, t.admin)
	if err != nil {
		return err
	}
	resources := map[string]bool{}
	for _, name := range names {
		if rest, ours := strings.CutPrefix(name, "u_"); ours {
			resources[strings.TrimSuffix(strings.TrimSuffix(rest, "_a"), "_b")] = true
		}
	}
	if len(resources) < t.settings.maxUsers {
		return nil
	}
	return &backend.Failure{
		Class:    backend.Quota,
		Message:  fmt.Sprintf("the server has %d users, and max_users is %d: every change of one writes all of them, while everybody waits; add another server", len(resources), t.settings.maxUsers),
		Customer: "There is no room for another Redis at the moment.",
	}
}

// prove logs in as the customer, and makes sure that the walls are there.
func (t *tenant) prove(ctx context.Context) error {
	options := t.settings.connection()
	options.Username, options.Password = t.login, t.password
	customer := client.NewClient(options)
	defer func() { _ = customer.Close() }()
	if err := customer.Exists(ctx, t.target.prefix()+"probe").Err(); err != nil {
		return fmt.Errorf("%w", err)
	}
	if err := customer.Exists(ctx, "probe").Err(); err == nil || !strings.HasPrefix(err.Error(), "NOPERM") {
		return backend.Failf(backend.Internal, "the customer can see keys of others: the server does not keep to the rules of %s", t.login)
	}
	return nil
}

func (t *tenant) tell(context.Context) error {
	var err error
	t.result.Outputs, err = t.outputs()
	return err
}

func (t *tenant) outputs() (backend.Value, error) {
	return backend.ObjectOf(map[string]any{
		"host": t.settings.host, "port": t.settings.port, "username": t.login, "prefix": t.target.prefix(),
	})
}

// usable looks up a resource that is there for its customer.
func (s *shared) usable(ctx context.Context, w work) (*tenant, error) {
	t, err := s.tenant(ctx, w)
	if err != nil {
		return nil, err
	}
	if until := t.purgeAfter(); !until.IsZero() {
		return nil, onlyKept(w.target, until)
	}
	if len(t.users) == 0 {
		return nil, absent(w.target)
	}
	return t, nil
}

// changePlan has nothing to change: plans of this mode limit nothing.
func (s *shared) changePlan(ctx context.Context, w work) (backend.Result, error) {
	t, err := s.usable(ctx, w)
	if err != nil {
		return backend.Result{}, err
	}
	err = t.run(ctx, step{"tell its address", t.tell})
	return t.result, err
}

func (s *shared) suspend(ctx context.Context, w work) error {
	t, err := s.usable(ctx, w)
	if err != nil {
		return err
	}
	return t.run(ctx, step{"lock the customer out", t.lockOut()}, t.save())
}

// lockOut switches the users off, with further rules, and ends their sessions.
func (t *tenant) lockOut(rules ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, name := range t.names() {
			if err := setUser(ctx, t.admin, name, append([]string{"off"}, rules...)); err != nil {
				return err
			}
			if err := t.admin.Do(ctx, "CLIENT", "KILL", "USER", name).Err(); err != nil {
				return err
			}
		}
		return nil
	}
}

func (s *shared) resume(ctx context.Context, w work) error {
	t, err := s.usable(ctx, w)
	if err != nil {
		return err
	}
	return t.run(ctx, step{"let the customer in", func(ctx context.Context) error {
		for _, name := range t.names() {
			if err := setUser(ctx, t.admin, name, []string{"on"}); err != nil {
				return err
			}
		}
		return nil
	}}, t.save())
}

func (s *shared) stage(ctx context.Context, w work) (backend.Result, error) {
	password, err := passwordOf(w.op)
	if err != nil {
		return backend.Result{}, err
	}
	t, err := s.usable(ctx, w)
	if err != nil {
		return backend.Result{}, err
	}
	t.login, t.password = w.target.other(t.login), password
	steps := []step{{"make the new user", t.setLike}, t.save()}
	if !t.locked() {
		steps = append(steps, step{"log in as the customer", t.prove})
	}
	err = t.run(ctx, append(steps, step{"tell its address", t.tell})...)
	return t.result, err
}

// setLike makes the login, for a suspended customer one that is off.
func (t *tenant) setLike(ctx context.Context) error {
	if t.locked() {
		return t.setLogin(ctx, "off")
	}
	return t.setLogin(ctx, "on")
}

func (s *shared) keepLogin(ctx context.Context, w work) error {
	password, err := passwordOf(w.op)
	if err != nil {
		return err
	}
	t, err := s.usable(ctx, w)
	if err != nil {
		return err
	}
	// Not another one that happens to be there: the password is this one's.
	t.login, t.password = w.target.current(w.op, w.target.logins()), password
	return t.run(ctx,
		step{"make sure of the user that stays", t.setLike},
		step{"remove the other user", func(ctx context.Context) error { return t.removeUsers(ctx, w.target.other(t.login)) }},
		t.save(),
	)
}

// removeUsers removes users, whose sessions end with them.
func (t *tenant) removeUsers(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := t.admin.Do(ctx, "ACL", "DELUSER", name).Err(); err != nil {
			return err
		}
	}
	return nil
}

func (s *shared) retire(ctx context.Context, w work) (time.Time, error) {
	t, err := s.tenant(ctx, w)
	if failure, ok := errors.AsType[*backend.Failure](err); ok && failure.Class == backend.Conflict {
		return time.Time{}, nil // the purge that follows tells of it
	}
	if err != nil {
		return time.Time{}, err
	}
	until := t.purgeAfter()
	if len(t.users) == 0 || until.IsZero() && s.settings.keep == 0 {
		return time.Time{}, nil
	}
	if until.IsZero() {
		until = w.now.Add(s.settings.keep).UTC().Truncate(time.Second)
	}
	err = t.run(ctx, step{"lock the customer out", t.lockOut("&" + purgeMark + until.Format(time.RFC3339))}, t.save())
	return until, err
}

func (s *shared) purge(ctx context.Context, w work) error {
	t, err := s.tenant(ctx, w)
	if failure, ok := errors.AsType[*backend.Failure](err); ok && failure.Class == backend.Conflict {
		w.events.Log(slog.LevelWarn, "not removed: "+failure.Message)
		return nil
	}
	if err != nil {
		return err
	}
	if len(t.users) == 0 {
		// An attempt that came so far may have died before this.
		return t.run(ctx, t.save())
	}
	return t.run(ctx,
		step{"lock the customer out", t.lockOut()},
		t.save(),
		step{"delete the customer's keys", t.sweep},
		step{"remove the users", func(ctx context.Context) error { return t.removeUsers(ctx, w.target.logins()...) }},
		t.save(),
	)
}

func (s *shared) read(ctx context.Context, target target, op backend.Op) (backend.ReadResponse, error) {
	t, err := s.usable(ctx, work{target: target, op: op})
	if err != nil {
		return backend.ReadResponse{}, err
	}
	var response backend.ReadResponse
	for _, name := range slices.Sorted(slices.Values(t.names())) {
		if !t.users[name].on {
			response.Drift = append(response.Drift, fmt.Sprintf("The user %s is off.", name))
		}
	}
	response.Outputs, err = t.outputs()
	return response, err
}

func (s *shared) health(ctx context.Context) (string, error) {
	return "", s.admin.Ping(ctx).Err()
}
