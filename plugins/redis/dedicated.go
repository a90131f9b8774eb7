package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	client "github.com/redis/go-redis/v9"
)

// dedicated is the mode in which every resource has a server of its own.
type dedicated struct {
	settings  settings
	directory directory
	grace     time.Duration // see stopGrace

	mu       sync.Mutex
	examined bool
	who      *account
	cgroups  *cgroups // nil: the kernel limits no memory
	uncaged  string   // why not
	watching context.CancelFunc
	starter  starter
}

var _ site = (*dedicated)(nil)

func newDedicated(s settings, grace time.Duration) *dedicated {
	return &dedicated{settings: s, directory: directory{s.directory}, grace: grace}
}

func (d *dedicated) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.watching != nil {
		d.watching()
		d.watching = nil
	}
}

// withLock runs do while nobody else, in whatever process, works on the
// resource.
func (d *dedicated) withLock(ctx context.Context, t target, do func() error) error {
	held, err := lock(ctx, d.directory.lockOf(t))
	if err != nil {
		return explain(ctx, "wait for the resource", err)
	}
	defer func() { _ = held.Close() }()
	return do()
}

// usable reads the record of a server that is there for its customer.
func (d *dedicated) usable(t target) (record, error) {
	r, found, err := d.directory.find(t)
	switch {
	case err != nil:
		return r, err
	case found && r.Phase == phaseKept:
		return r, onlyKept(t, r.PurgeAfter)
	case !found || !r.usable():
		return r, absent(t)
	}
	return r, nil
}

// server is a call that works on one server, under the resource's lock.
type server struct {
	*dedicated
	work
	instance instance
	record   record
	login    string // that the call is about
	password string // a secret
	result   backend.Result
}

func (d *dedicated) server(w work) *server {
	return &server{dedicated: d, work: w, instance: d.directory.instance(w.target)}
}

func (d *dedicated) provision(ctx context.Context, w work) (backend.Result, error) {
	s := d.server(w)
	var err error
	if s.record.Limits, err = limitsOf(w.op.Plan); err != nil {
		return backend.Result{}, err
	}
	if s.password, err = passwordOf(w.op); err != nil {
		return backend.Result{}, err
	}
	s.login = w.target.logins()[0]
	err = d.withLock(ctx, w.target, func() error {
		return runSteps(ctx, w.events, []step{
			{"reserve a folder and a port", s.reserve},
			{"start the server", s.start},
			{"set its users and limits", s.apply},
			{"log in as the customer", s.prove},
			{"measure the server", s.measure},
		})
	})
	return s.result, err
}

// reserve finds the folder of an earlier attempt, or makes it.
func (s *server) reserve(ctx context.Context) error {
	wanted := record{
		Resource: s.target.resource, Phase: phaseOn, Limits: s.record.Limits,
		Logins: map[string]string{s.login: hashOf(s.password)},
	}
	found, there, err := s.directory.find(s.target)
	switch {
	case err != nil:
		return err
	case !there:
		s.record, err = s.directory.reserve(ctx, s.target, wanted, s.settings, s.who)
		return err
	case !found.usable():
		return revival(s.target, found.PurgeAfter)
	}
	wanted.Port, wanted.Delivered = found.Port, found.Delivered
	s.record = wanted
	if s.op.Outputs.IsNull() && !s.instance.runs() && occupied(s.settings.bind, wanted.Port) {
		// Nobody was told of the port yet, and a stranger has taken it.
		s.record, err = s.directory.move(ctx, s.target, wanted, s.settings)
		return err
	}
	return s.instance.save(wanted)
}

// start waits for the server, which the runner starts.
func (s *server) start(ctx context.Context) error {
	return s.instance.awaitReady(ctx, s.wake)
}

func (s *server) apply(ctx context.Context) error {
	if err := s.instance.apply(ctx, s.record, s.events, s.grace, s.wake); err != nil {
		return err
	}
	if s.cgroups == nil {
		if s.uncaged != "" {
			s.events.Log(slog.LevelInfo, "the kernel does not limit the server's memory: "+s.uncaged)
		}
		return nil
	}
	err := s.cgroups.set(s.instance.name(), s.record.Limits.kernelLimit())
	if err != nil && s.settings.cgroup != cgroupRequired {
		s.events.Log(slog.LevelWarn, "the kernel does not limit the server's memory: "+err.Error())
		return nil
	}
	return err
}

// prove logs in where customers do. That the port is the server's own is known:
// it runs, and a server that cannot have its port does not.
func (s *server) prove(ctx context.Context) error {
	options := quiet(&client.Options{
		Addr:     net.JoinHostPort(reachable(s.settings.bind[0]), strconv.Itoa(s.record.Port)),
		Username: s.login, Password: s.password,
	})
	if !s.settings.tls.on() {
		options.Dialer = listening(func(ctx context.Context) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", options.Addr)
		})
	} else {
		// The name in the certificate is for customers. This is our own machine.
		options.TLSConfig = &tls.Config{InsecureSkipVerify: true}
	}
	customer := client.NewClient(options)
	defer func() { _ = customer.Close() }()
	err := customer.Ping(ctx).Err()
	if isFull(err) || isBusy(err) {
		return nil // by the customer himself, who is let in
	}
	return err
}

// reachable is an address to connect to where a server listens.
func reachable(bind string) string {
	switch bind {
	case "0.0.0.0":
		return "127.0.0.1"
	case "::":
		return "::1"
	}
	return bind
}

// measure makes the result, and notes that from now on a customer may know of
// the server.
func (s *server) measure(ctx context.Context) error {
	if !s.record.Delivered {
		s.record.Delivered = true
		if err := s.instance.save(s.record); err != nil {
			return err
		}
	}
	used, err := s.instance.used(ctx)
	if keptOut(err) {
		used, err = s.record.UsedBytes, nil // the next read measures it
	}
	if err != nil {
		return err
	}
	s.result.Outputs, err = s.outputs(s.record, s.login, used)
	return err
}

func (d *dedicated) outputs(r record, login string, used int64) (backend.Value, error) {
	return backend.ObjectOf(map[string]any{
		"host": d.settings.host, "port": r.Port, "username": login, "prefix": "", "used_mb": inMB(used),
	})
}

// change runs steps on a server that is there for its customer.
func (d *dedicated) change(ctx context.Context, w work, steps func(*server) []step) (*server, error) {
	s := d.server(w)
	err := d.withLock(ctx, w.target, func() error {
		var err error
		if s.record, err = d.usable(w.target); err != nil {
			return err
		}
		s.login = w.target.current(w.op, s.record.users())
		return runSteps(ctx, w.events, steps(s))
	})
	return s, err
}

// live are steps that a server that runs needs, and a suspended one does not:
// it is started with what its record says.
func (s *server) live(steps ...step) []step {
	if s.record.Phase != phaseOn {
		return nil
	}
	return append([]step{{"wait for the server", s.start}}, steps...)
}

func (d *dedicated) changePlan(ctx context.Context, w work) (backend.Result, error) {
	limits, err := limitsOf(w.op.Plan)
	if err != nil {
		return backend.Result{}, err
	}
	s, err := d.change(ctx, w, func(s *server) []step {
		return slices.Concat(
			[]step{{"compare the data with the plan", func(ctx context.Context) error { return s.fits(ctx, limits) }}},
			s.live(step{"try the plan's limits", func(ctx context.Context) error { return s.instance.try(ctx, limits) }}),
			[]step{{"write down the plan's limits", func(context.Context) error {
				s.record.Limits = limits
				return s.instance.save(s.record)
			}}},
			s.live(step{"set the limits", s.apply}),
			[]step{{"measure the server", s.tell}},
		)
	})
	return s.result, err
}

// fits refuses a plan that is too small. One that was written down already was
// not.
func (s *server) fits(ctx context.Context, l limits) error {
	if s.record.Limits == l || l.MemoryMB >= s.record.Limits.MemoryMB {
		return nil
	}
	used := s.record.UsedBytes
	if s.record.Phase == phaseOn {
		if err := s.start(ctx); err != nil {
			return err
		}
		var err error
		if used, err = s.instance.used(ctx); err != nil {
			return err
		}
	}
	if used <= l.maxmemory() {
		return nil
	}
	return &backend.Failure{
		Class:    backend.Unsupported,
		Message:  fmt.Sprintf("%d MB are in use, and the plan allows %d MB", inMB(used), l.MemoryMB),
		Customer: fmt.Sprintf("Your data needs %d MB, and this plan has %d MB.", inMB(used), l.MemoryMB),
	}
}

// tell makes the result of a server that may be suspended.
func (s *server) tell(ctx context.Context) error {
	if s.record.Phase == phaseOn {
		return s.measure(ctx)
	}
	var err error
	s.result.Outputs, err = s.outputs(s.record, s.login, s.record.UsedBytes)
	return err
}

func (d *dedicated) suspend(ctx context.Context, w work) error {
	_, err := d.change(ctx, w, func(s *server) []step {
		return []step{
			{"write down that the server is suspended", func(ctx context.Context) error { return s.turn(ctx, phaseSuspended) }},
			{"stop the server", s.stop},
		}
	})
	return err
}

// turn notes how much memory was in use, as well as it can be known, and what
// is to become of the server.
func (s *server) turn(ctx context.Context, to phase) error {
	if s.record.Phase == phaseOn {
		within, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		if used, err := s.instance.used(within); err == nil {
			s.record.UsedBytes = used
		}
	}
	s.record.Phase = to
	return s.instance.save(s.record)
}

func (s *server) stop(ctx context.Context) error {
	held, err := s.instance.stop(ctx, s.grace)
	if err != nil {
		return err
	}
	return held.Close()
}

func (d *dedicated) resume(ctx context.Context, w work) error {
	_, err := d.change(ctx, w, func(s *server) []step {
		return []step{
			{"write down that the server runs", func(context.Context) error {
				s.record.Phase = phaseOn
				return s.instance.save(s.record)
			}},
			{"start the server", s.start},
			{"set its users and limits", s.apply},
		}
	})
	return err
}

func (d *dedicated) stage(ctx context.Context, w work) (backend.Result, error) {
	password, err := passwordOf(w.op)
	if err != nil {
		return backend.Result{}, err
	}
	s, err := d.change(ctx, w, func(s *server) []step {
		s.login, s.password = w.target.other(s.login), password
		return slices.Concat([]step{
			{"write down the new login", func(context.Context) error {
				s.record.Logins = maps.Clone(s.record.Logins)
				s.record.Logins[s.login] = hashOf(password)
				return s.instance.save(s.record)
			}},
		}, s.live(step{"set the users", s.apply}, step{"log in as the customer", s.prove}), []step{{"measure the server", s.tell}})
	})
	return s.result, err
}

func (d *dedicated) keepLogin(ctx context.Context, w work) error {
	password, err := passwordOf(w.op)
	if err != nil {
		return err
	}
	_, err = d.change(ctx, w, func(s *server) []step {
		return append([]step{
			{"write down the login that stays", func(context.Context) error {
				s.record.Logins = map[string]string{s.login: hashOf(password)}
				return s.instance.save(s.record)
			}},
		}, s.live(step{"set the users", s.apply})...)
	})
	return err
}

// retire keeps what a customer may have used. One that is kept already stays
// so even if drop_policy has become "now": the gateway may have told of the date.
func (d *dedicated) retire(ctx context.Context, w work) (time.Time, error) {
	s := d.server(w)
	err := d.withLock(ctx, w.target, func() error {
		var found bool
		var err error
		s.record, found, err = d.directory.find(w.target)
		if failure, ok := errors.AsType[*backend.Failure](err); ok && failure.Class == backend.Conflict {
			return nil // the purge that follows tells of it
		}
		if err != nil || !found || s.record.Phase != phaseKept && (d.settings.keep == 0 || !s.record.Delivered || !s.record.usable()) {
			return err
		}
		if s.record.Phase != phaseKept {
			s.record.PurgeAfter = w.now.Add(d.settings.keep).UTC().Truncate(time.Second)
		}
		return runSteps(ctx, w.events, []step{
			{"write down until when the data is kept", func(ctx context.Context) error { return s.turn(ctx, phaseKept) }},
			{"stop the server", s.stop},
		})
	})
	return s.record.PurgeAfter, err
}

func (d *dedicated) purge(ctx context.Context, w work) error {
	s := d.server(w)
	return d.withLock(ctx, w.target, func() error {
		var there bool
		var err error
		s.record, there, err = d.directory.find(w.target)
		if failure, ok := errors.AsType[*backend.Failure](err); ok && failure.Class == backend.Conflict {
			w.events.Log(slog.LevelWarn, "not removed: "+failure.Message)
			return nil
		}
		if err != nil {
			return err
		}
		var steps []step
		if there {
			steps = []step{
				{"write down that the server goes", func(ctx context.Context) error { return s.turn(ctx, phaseRemoved) }},
				{"stop the server", s.stop},
				{"archive its data", s.save},
				{"put its folder aside", s.putAside},
			}
		}
		return runSteps(ctx, w.events, append(steps, step{"delete its folder", s.erase}))
	})
}

// save archives what a customer may have used.
func (s *server) save(ctx context.Context) error {
	if s.settings.archive == "" || !s.record.Delivered {
		return nil
	}
	path, err := s.instance.archive(ctx, s.settings.archive)
	if err == nil {
		s.events.Log(slog.LevelInfo, "the data is archived in "+path)
	}
	return err
}

func (s *server) putAside(context.Context) error {
	gone := s.directory.gone(s.target).folder
	if err := os.RemoveAll(gone); err != nil {
		return err
	}
	return rename(s.instance.folder, gone)
}

// erase also removes what an interrupted provision or purge has left. It ends
// with the lock file: whoever waits for it finds out.
func (s *server) erase(ctx context.Context) error {
	err := errors.Join(
		os.RemoveAll(s.directory.fresh(s.target).folder),
		os.RemoveAll(s.directory.gone(s.target).folder),
	)
	if err == nil && s.cgroups != nil {
		err = s.cgroups.remove(ctx, s.instance.name())
	}
	if err != nil {
		return err
	}
	return errors.Join(flush(s.directory.path), removeFile(s.directory.lockOf(s.target)))
}

func (d *dedicated) read(ctx context.Context, t target, op backend.Op) (backend.ReadResponse, error) {
	r, err := d.usable(t)
	if err != nil {
		return backend.ReadResponse{}, err
	}
	i := d.directory.instance(t)
	var response backend.ReadResponse
	used := r.UsedBytes
	if r.Phase == phaseSuspended {
		response.Drift = append(response.Drift, "The server is suspended.")
	} else {
		if used, err = i.used(ctx); err != nil {
			return response, i.down(err)
		}
		if response.Drift, err = i.drift(ctx, r, op.Plan); err != nil {
			return response, err
		}
	}
	response.Outputs, err = d.outputs(r, t.current(op, r.users()), used)
	return response, err
}

// down explains why a server that should run does not answer.
func (i instance) down(err error) error {
	if i.runs() {
		return err
	}
	if why, unread := os.ReadFile(i.failureFile()); unread == nil {
		return backend.Failf(backend.Retryable, "the server does not run: %s", why)
	}
	return backend.Failf(backend.Retryable, "the server does not run; the runner is to start it")
}

// drift compares the server with its plan.
func (i instance) drift(ctx context.Context, r record, plan backend.Plan) ([]string, error) {
	var sentences []string
	want := r.Limits
	if planned, err := limitsOf(plan); err == nil {
		want = planned
	}
	admin, err := i.admin()
	if err != nil {
		return nil, err
	}
	defer func() { _ = admin.Close() }()
	for _, directive := range want.directives() {
		now, err := admin.ConfigGet(ctx, directive.name).Result()
		if err != nil {
			return nil, err
		}
		if now[directive.name] != directive.value {
			sentences = append(sentences, fmt.Sprintf("The server's %s is %s and the plan's is %s.", directive.name, now[directive.name], directive.value))
		}
	}
	users, err := userNames(ctx, admin)
	for name := range r.Logins {
		if err == nil && !slices.Contains(users, name) {
			sentences = append(sentences, fmt.Sprintf("The server has no user %s.", name))
		}
	}
	return sentences, err
}
