package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/secret"
)

// checkManifest compares our manifest with a file of the platform.
func (c *command) checkManifest(l loaded, m manifest, text []byte, o manifestFlags) error {
	theirs, err := readManifest(o.check)
	if err != nil {
		return err
	}
	ours, err := decodeObject(text)
	if err != nil {
		return failed(fmt.Errorf("read our own manifest: %w", err))
	}
	public, err := m.text(false)
	if err != nil {
		return failed(err)
	}
	shown, err := decodeObject(public)
	if err != nil {
		return failed(fmt.Errorf("read our own manifest: %w", err))
	}
	found := compareManifests(theirs, ours, shown)
	return c.printComparison(l, m, o, found)
}

// readManifest reads a manifest. Where it is no JSON it tells the place only:
// the line may hold the password.
func readManifest(path string) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &exitError{code: exitFailed, err: fmt.Errorf("read the platform's manifest: %w", err), hint: "Name the file that was pulled from the platform."}
	}
	object, err := decodeObject(text)
	if err == nil {
		return object, nil
	}
	at, what := len(text), "it ends too early"
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		at, what = 0, "it is no object, but "+article(kind.Value)
	case errors.As(err, &syntax):
		at, what = max(int(syntax.Offset)-1, 0), "it is no JSON here"
	case errors.Is(err, errTrailing):
		at, what = trailingOffset(text), "there is something behind the object"
	}
	line, column := position(text, at)
	return nil, &exitError{
		code: exitFailed, err: fmt.Errorf("%s:%d:%d: this is no manifest: %s", path, line, column, what),
		hint: "Pull it from the platform again; \"addongw manifest\" prints what one looks like.",
	}
}

var errTrailing = errors.New("something follows the object")

func decodeObject(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	if object == nil {
		return nil, &json.UnmarshalTypeError{Value: "null"}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return object, nil
}

// trailingOffset is where what follows the object begins.
func trailingOffset(text []byte) int {
	decoder := json.NewDecoder(bytes.NewReader(text))
	var object json.RawMessage
	_ = decoder.Decode(&object) // it has been read before
	at := int(decoder.InputOffset())
	return at + len(text[at:]) - len(bytes.TrimLeft(text[at:], " \t\r\n"))
}

func position(text []byte, offset int) (line, column int) {
	before := text[:min(offset, len(text))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

func article(kind string) string {
	switch kind {
	case "null":
		return kind
	case "array":
		return "a list"
	}
	return "a " + kind
}

// comparison is what "--check" prints as JSON.
type comparison struct {
	Platform    string               `json:"platform"`
	Addon       string               `json:"addon"`
	File        string               `json:"file"`
	Equal       bool                 `json:"equal"`
	Differences []manifestDifference `json:"differences"`
	NotCompared []string             `json:"not_compared"` // secrets that are masked on one side
}

func (c *command) printComparison(l loaded, m manifest, o manifestFlags, found manifestComparison) error {
	redactor := redactorOf(l.Secrets())
	for _, text := range found.secrets {
		redactor.Add(text)
	}
	scope := m.of
	result := comparison{
		Platform: scope.Platform, Addon: scope.Addon, File: o.check, Equal: len(found.differences) == 0,
		Differences: []manifestDifference{}, NotCompared: append([]string{}, found.notCompared...),
	}
	for _, d := range found.differences {
		result.Differences = append(result.Differences, d.redacted(redactor))
	}
	end := error(nil)
	if !result.Equal {
		end = &exitError{code: exitDifference}
	}
	if c.format == "json" {
		if err := c.printJSON(envelope{"manifest_check", result}); err != nil {
			return failed(err)
		}
		return end
	}
	for _, d := range result.Differences {
		fmt.Fprint(c.out, d.text())
	}
	what := fmt.Sprintf("%s and the manifest of %s on %s", o.check, scope.Addon, scope.Platform)
	if result.Equal {
		fmt.Fprintf(c.out, "ok  %s are the same\n", what)
	} else {
		fmt.Fprintf(c.err, "%s between %s\n", count(len(result.Differences), "difference"), what)
	}
	if len(result.NotCompared) > 0 {
		why := "masked in " + o.check
		if !o.withSecrets {
			why = "that takes --with-secrets"
		}
		fmt.Fprintf(c.err, "not compared: %s (%s)\n", strings.Join(result.NotCompared, ", "), why)
	}
	return end
}

func (d manifestDifference) redacted(r *secret.Redactor) manifestDifference {
	d.Path, d.Theirs, d.Ours = r.Redact(d.Path), redactJSON(r, d.Theirs), redactJSON(r, d.Ours)
	return d
}

func redactJSON(r *secret.Redactor, value json.RawMessage) json.RawMessage {
	if value == nil {
		return nil
	}
	return json.RawMessage(r.Redact(string(value)))
}

// text shows a difference to a person, in the signs of fmt and plan.
func (d manifestDifference) text() string {
	path := conformance.Printable(d.Path)
	switch d.Kind {
	case differsSecretly:
		return fmt.Sprintf("~ %s differs (secret: not shown)\n", path)
	case onlyTheirs:
		return fmt.Sprintf("- %s  only theirs: %s\n", path, conformance.Printable(string(d.Theirs)))
	case onlyOurs:
		return fmt.Sprintf("+ %s  only ours: %s\n", path, conformance.Printable(string(d.Ours)))
	}
	return fmt.Sprintf("~ %s\n    theirs  %s\n    ours    %s\n", path, conformance.Printable(string(d.Theirs)), conformance.Printable(string(d.Ours)))
}
