package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/pluginhost"
	"github.com/addongw/addongw/plugins/backend"
)

// What a step of the doctor came to.
const (
	stepOK      = "ok"
	stepWarning = "warning"
	stepFailed  = "failed"
	stepSkipped = "skipped"
)

// patient is a plugin that the doctor looks at.
type patient struct {
	Name     string       `json:"name"`
	OK       bool         `json:"ok"`   // no step failed
	Path     string       `json:"path"` // empty: it is missing
	Backends []string     `json:"backends"`
	Steps    []doctorStep `json:"steps"`
}

type doctorStep struct {
	Step    string `json:"step"`    // "found", "permissions", "checksum", "start", "handshake", "description", "abilities", "schemas", "version", "stop", "config", "health" or "round trip"
	Backend string `json:"backend"` // the one that the step is about; empty: all
	Status  string `json:"status"`
	Detail  string `json:"detail"`
	Next    string `json:"next"` // what to do about it; empty where there is nothing
}

// doctorMode is how far the doctor goes with the backends of a directory.
type doctorMode struct{ live, roundTrip bool }

func newPluginsDoctor(c *command) *cobra.Command {
	var how doctorMode
	cmd := &cobra.Command{
		Use:   "doctor [NAME]",
		Short: "Look step by step for what is wrong with plugins",
		Long: "Looks at one plugin, or at all that are found or used: where it is, who may change it, its checksum, whether it starts,\n" +
			"makes its handshake, describes itself with sound schemas and stops when asked. In a configuration directory also\n" +
			"whether it takes the config block of each backend that uses it. With --live the backends are started with their\n" +
			"secrets too and asked for their health; nothing is made or changed. With --round-trip each of them also makes something\n" +
			"that it sells, reads it, changes its plan, replaces its credentials and removes it. Exits with 1 when a step failed.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := c.openBench(cmd)
			if err != nil {
				return err
			}
			defer b.close()
			if how.live = how.live || how.roundTrip; how.live && !b.dir {
				return usage(errors.New("--live needs the backends of a configuration directory"), "Name it with --dir DIR.")
			}
			names := args
			if len(names) == 0 {
				names = b.names()
			}
			patients := forAll(names, func(name string) patient { return b.diagnose(cmd.Context(), name) })
			if err := c.diagnoseBackends(cmd.Context(), b, patients, how); err != nil {
				return err
			}
			return c.printPatients(b, patients)
		},
	}
	cmd.Flags().BoolVar(&how.live, "live", false, "also start the backends of the directory with their secrets, and ask for their health")
	cmd.Flags().BoolVar(&how.roundTrip, "round-trip", false, "also have each of them make, change and remove something real; implies --live")
	return cmd
}

func (p *patient) add(step, status, detail, next string) {
	p.Steps = append(p.Steps, doctorStep{Step: step, Status: status, Detail: detail, Next: next})
}

// failed reports whether a step failed.
func (p *patient) failed() bool {
	return slices.ContainsFunc(p.Steps, func(s doctorStep) bool { return s.Status == stepFailed })
}

// diagnose goes through the steps that need no configuration, as far as they
// lead. A file that is not the one that a backend pins is not started.
func (b *bench) diagnose(ctx context.Context, name string) patient {
	p := patient{Name: name, Backends: backendNames(b.uses(name))}
	if b.findPatient(&p) && p.checkPermissions() && b.checkPins(&p) {
		b.start(ctx, &p)
	}
	return p
}

// findPatient is the step "found".
func (b *bench) findPatient(p *patient) bool {
	path, err := b.host.Find(p.Name)
	var locked *pluginhost.NotExecutableError
	if errors.As(err, &locked) {
		p.add("found", stepOK, locked.Path, "")
		p.add("permissions", stepFailed, err.Error(), remedy(err))
		return false
	}
	var shadowed []string
	for _, binary := range b.host.Binaries() {
		if binary.Name == p.Name && !binary.Used {
			shadowed = append(shadowed, binary.Path)
		}
	}
	var missing *pluginhost.NotFoundError
	if errors.As(err, &missing) {
		if strange := notAFile(b.host.Candidates(p.Name)); strange != "" {
			p.add("found", stepFailed, strange, "Put the plugin's file, or a link to it, in its place.")
			return false
		}
		p.add("found", stepFailed, pluginReason(err), whereElse(p.Name, missing))
		return false
	}
	p.Path = path
	if len(shadowed) > 0 {
		p.add("found", stepWarning, shownPath(path)+"; not used: "+strings.Join(shadowed, ", "), "The first folder wins, that of addongw itself before all others. Remove the file that is not meant.")
		return true
	}
	p.add("found", stepOK, shownPath(path), "")
	return true
}

// checkPins compares the file with the checksums in the files.
func (b *bench) checkPins(p *patient) bool {
	sum, err := pluginhost.Checksum(p.Path)
	if err != nil {
		p.add("checksum", stepFailed, err.Error(), "Let the gateway's user read it: chmod a+r "+shellQuote(p.Path))
		return false
	}
	var pinned []string
	for _, u := range b.uses(p.Name) {
		switch u.Plugin.Checksum {
		case "":
		case sum:
			pinned = append(pinned, u.Backend)
		default:
			p.add("checksum", stepFailed, fmt.Sprintf("%s, but backend %s pins %s; it is not started", sum, u.Backend, u.Plugin.Checksum),
				`If you replaced the plugin, write the new checksum into the backend block; else install the right file again.`)
			return false
		}
	}
	if len(pinned) > 0 {
		sum += ", as pinned by backend " + strings.Join(pinned, ", ")
	}
	p.add("checksum", stepOK, sum, "")
	return true
}

// start goes through a short life of the plugin.
func (b *bench) start(ctx context.Context, p *patient) {
	e, withoutTLS, err := b.examine(ctx, p.Name)
	if err != nil {
		p.addStartError(err)
		return
	}
	d := e.Description
	p.add("start", stepOK, "described itself after "+e.Started.Round(time.Millisecond).String(), "")
	if withoutTLS && len(p.Backends) == 0 {
		p.add("handshake", stepWarning, fmt.Sprintf("protocol %d, but without TLS only", e.Protocol), "Write tls = false into its backend blocks.")
	} else {
		p.add("handshake", stepOK, fmt.Sprintf("protocol %d", e.Protocol), "")
	}
	what := d.Name + " " + d.Version
	if d.Name == p.Name {
		p.add("description", stepOK, what, "")
	} else {
		p.add("description", stepWarning, what, fmt.Sprintf("It is called %s in its file's name. Is it the one that is meant?", p.Name))
	}
	p.addAbilities(e)
	p.add("schemas", stepOK, fmt.Sprintf("%s, %s, %s, %s", count(size(d.Config), "setting"), count(size(d.Plan), "plan param"), count(size(d.Options), "option"), count(size(d.Outputs), "output")), "")
	for _, u := range b.uses(p.Name) {
		if u.Plugin.Version == "" {
			continue
		}
		step := doctorStep{Step: "version", Backend: u.Backend, Status: stepOK, Detail: fmt.Sprintf("%s is %q", d.Version, u.Plugin.Version)}
		if err := e.Suits(pluginhost.Spec{Name: p.Name, Version: u.Plugin.Version}); err != nil {
			step.Status, step.Detail = stepFailed, fmt.Sprintf("%s is not %q", d.Version, u.Plugin.Version)
			step.Next = "Install a version that suits, or change what the backend block asks for."
		}
		p.Steps = append(p.Steps, step)
	}
	if e.Killed {
		p.add("stop", stepFailed, "it did not end when asked, and was killed", "Its author should let it end at the shutdown call, and when its lifeline closes: work in hand is lost at every restart.")
		return
	}
	p.add("stop", stepOK, "after "+e.Stopped.Round(time.Millisecond).String(), "")
}

// size is how many names a schema has at its top level.
func size(s backend.Schema) int { return len(s.Attributes) + len(s.Blocks) }

// addAbilities tells what a plugin can do, what it cannot, and what it could with a
// later addongw.
func (p *patient) addAbilities(e pluginhost.Examination) {
	has := func(can backend.Capability) bool { return slices.Contains(e.Description.Capabilities, can) }
	known := backend.Capabilities()
	can, cannot := listed(known, has), listed(known, func(can backend.Capability) bool { return !has(can) })
	strange := listed(e.Description.Capabilities, func(can backend.Capability) bool { return !slices.Contains(known, can) })
	if actions := len(e.Description.Actions); actions > 0 {
		can = append(can, count(actions, "action"))
	}
	var parts []string
	if len(can) > 0 {
		parts = append(parts, strings.Join(can, ", "))
	}
	if len(cannot) > 0 {
		parts = append(parts, "not "+strings.Join(cannot, ", "))
	}
	next := ""
	if len(strange) > 0 || e.SaysMore {
		next = "It is made for a later addongw, too. Upgrade addongw for what is ignored here."
	}
	if len(strange) > 0 {
		parts = append(parts, "unknown to this addongw and ignored: "+strings.Join(strange, ", "))
	}
	if e.SaysMore {
		parts = append(parts, "parts of its description are unknown to this addongw and ignored")
	}
	p.add("abilities", stepOK, strings.Join(parts, "; "), next)
}

// listed are the names of the capabilities that want takes.
func listed(all []backend.Capability, want func(backend.Capability) bool) (names []string) {
	for _, can := range all {
		if want(can) {
			names = append(names, string(can))
		}
	}
	return names
}

// addStartError adds the steps up to the one that failed.
func (p *patient) addStartError(err error) {
	stage := pluginhost.StageStart
	var start *pluginhost.StartError
	if errors.As(err, &start) {
		stage = start.Stage
	}
	steps := []struct {
		stage      pluginhost.Stage
		name, next string
	}{
		{pluginhost.StageStart, "start", "Is it a program for this machine, and is the interpreter there that its first line names? file " + shellQuote(p.Path) + " tells."},
		{pluginhost.StageHandshake, "handshake", "A plugin prints one line of handshake first and then serves, which backend.Serve does in Go, and in other languages the plugin itself. Tell its author its last words."},
		{pluginhost.StageDescribe, "description", "It starts and cannot say what it is: tell its author."},
		{pluginhost.StageCheck, "schemas", "Tell its author, who finds the same with the suite backendtest, in whatever language the plugin is."},
	}
	for _, s := range steps {
		if s.stage != stage {
			p.add(s.name, stepOK, "", "")
			continue
		}
		if known := remedy(err); known != "" {
			s.next = strings.ToUpper(known[:1]) + known[1:] + "."
		} else if known := unstartable(p.Path); stage == pluginhost.StageStart && known != "" {
			s.next = known
		}
		p.add(s.name, stepFailed, pluginReason(err), s.next)
		return
	}
}

func (c *command) printPatients(b *bench, patients []patient) error {
	failures := 0
	for i := range patients {
		p := &patients[i]
		p.OK = !p.failed()
		for _, s := range p.Steps {
			if s.Status == stepFailed {
				failures++
			}
		}
	}
	end := error(nil)
	if failures > 0 {
		end = &exitError{code: exitFailed}
	}
	if c.format == "json" {
		err := c.printJSON(envelope{"plugins_doctor", struct {
			Valid   bool      `json:"valid"`
			Whole   bool      `json:"files_valid"` // false: the files have mistakes
			Plugins []patient `json:"plugins"`
		}{failures == 0, b.sound, patients}})
		if err != nil {
			return failed(err)
		}
		return end
	}
	c.warnOfFaultyFiles(b)
	for i, p := range patients {
		if i > 0 {
			fmt.Fprintln(c.out)
		}
		if err := c.printPatient(p); err != nil {
			return failed(err)
		}
	}
	if failures > 0 {
		fmt.Fprintf(c.err, "%s failed (%s)\n", count(failures, "step"), count(len(patients), "plugin"))
		return end
	}
	fmt.Fprintf(c.err, "ok  %s\n", count(len(patients), "plugin"))
	return nil
}

func (c *command) printPatient(p patient) error {
	fmt.Fprintln(c.out, conformance.Printable(p.Name))
	for _, s := range p.Steps {
		status, detail := fmt.Sprintf("%-7s", s.Status), s.Detail
		if s.Status == stepFailed {
			status = c.paint(c.out, stepFailed) + " "
		}
		if s.Backend != "" {
			detail = strings.TrimSuffix("backend "+s.Backend+": "+detail, ": ")
		}
		line := strings.TrimRight(fmt.Sprintf("  %s  %-11s  %s", status, s.Step, conformance.Printable(detail)), " ")
		if _, err := fmt.Fprintln(c.out, line); err != nil {
			return err
		}
		if s.Next != "" {
			fmt.Fprintf(c.out, "           = %s\n", conformance.Printable(s.Next))
		}
	}
	return nil
}
