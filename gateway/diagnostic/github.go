package diagnostic

import (
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// WriteGitHub writes diagnostics as workflow commands of GitHub Actions, one a
// line: GitHub shows each beside the line of the change that it is about.
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func WriteGitHub(w io.Writer, diags hcl.Diagnostics, o Options) error {
	for _, d := range diags {
		if _, err := io.WriteString(w, workflowCommand(d, o)); err != nil {
			return fmt.Errorf("write diagnostics: %w", err)
		}
	}
	return nil
}

func workflowCommand(d *hcl.Diagnostic, o Options) string {
	info, _ := Of(d)
	var properties []string
	add := func(name, value string) {
		if value != "" {
			properties = append(properties, name+"="+propertyEscape.Replace(value))
		}
	}
	if d.Subject != nil {
		r := newRange(*d.Subject, o)
		add("file", r.Filename)
		add("line", fmt.Sprint(r.Start.Line))
		add("endLine", fmt.Sprint(r.End.Line))
		if r.Start.Line == r.End.Line { // GitHub refuses columns over several lines
			add("col", fmt.Sprint(r.Start.Column))
			add("endColumn", fmt.Sprint(r.End.Column))
		}
	}
	add("title", info.Code)
	return fmt.Sprintf("::%s %s::%s\n", severity(d.Severity), strings.Join(properties, ","), messageEscape.Replace(inFull(d, o)))
}

// The escapes of the runner's own toolkit: a message may hold anything but
// line breaks, a property no separators either.
var (
	messageEscape  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscape = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// inFull is all that is said about a problem, for formats with one message.
func inFull(d *hcl.Diagnostic, o Options) string {
	info, _ := Of(d)
	lines := []string{d.Summary}
	if d.Subject != nil && info.Hint != "" {
		lines = append(lines, info.Hint)
	}
	lines = append(lines, notes(d, info)...)
	if info.In != "" {
		lines = append(lines, "in "+info.In)
	}
	return o.redact(strings.Join(lines, "\n"))
}
