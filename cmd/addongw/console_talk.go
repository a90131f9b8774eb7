package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// talk answers a person at a terminal, line by line.
func (s *session) talk(ctx context.Context) error {
	in, out := s.in.(*os.File), s.out.(*os.File) // they are terminals
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("prepare the terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(in.Fd()), before) }()
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, "> ")
	t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		return s.complete(t, line, pos, key)
	}
	where := "As when the files are read"
	if s.phase != schema.Load {
		where = fmt.Sprintf("%s, plan %s, region %s, platform %s", s.scope.Addon, s.scope.Plan, s.scope.Region, s.scope.Platform)
	}
	fmt.Fprintln(t, where+". :help lists the commands, Tab completes names.")
	ended := make(chan error, 1)
	go func() { ended <- s.converse(t, out) }()
	select {
	case <-ctx.Done(): // the reader dies with the process
		return ctx.Err()
	case err := <-ended:
		return err
	}
}

func (s *session) converse(t *term.Terminal, out *os.File) error {
	for {
		if columns, rows, err := term.GetSize(int(out.Fd())); err == nil && columns > 0 {
			_ = t.SetSize(columns, rows)
		}
		line, err := t.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, term.ErrPasteIndicator) {
			return err
		}
		r, quit := s.answer(line)
		if quit {
			return nil
		}
		var text bytes.Buffer
		o := r.writing
		o.Color, o.ASCII, o.Width = s.colored(s.out), !s.utf8(), width(s.out)
		_ = diagnostic.WriteText(&text, r.diags, o) // a buffer takes everything
		if r.Text != "" {
			text.WriteString(r.Text + "\n")
		}
		if _, err := t.Write(text.Bytes()); err != nil {
			return err
		}
	}
}

// complete finishes the name before the cursor as far as it is certain, and
// else lists what there is.
func (s *session) complete(w io.Writer, line string, pos int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	start := strings.LastIndexFunc(line[:pos], func(r rune) bool { return !nameRune(r) }) + 1
	word := line[start:pos]
	found := s.candidates(word)
	switch len(found) {
	case 0:
		return line, pos, true
	case 1:
	default:
		if begin := commonBeginning(found); len(begin) > len(word) {
			found = []string{begin}
			break
		}
		fmt.Fprintln(w, strings.Join(wrap(found, 100), "\n"))
		return line, pos, true
	}
	return line[:start] + found[0] + line[pos:], start + len(found[0]), true
}

func nameRune(r rune) bool {
	return r == '_' || r == '.' || r == '-' || r == ':' ||
		r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// candidates are the names in the scope that begin with word.
func (s *session) candidates(word string) []string {
	var all []string
	if dot := strings.LastIndexByte(word, '.'); dot >= 0 {
		for _, name := range s.namesIn(word[:dot]) {
			all = append(all, word[:dot+1]+name)
		}
	} else {
		all = s.roots()
		for _, f := range s.functions() {
			all = append(all, f+"(")
		}
		all = append(all, consoleCommands()...)
	}
	all = slices.DeleteFunc(all, func(name string) bool { return !strings.HasPrefix(name, word) })
	slices.Sort(all)
	return all
}

// namesIn are the names of the value at a path such as "plan.params".
func (s *session) namesIn(path string) []string {
	parts := strings.Split(path, ".")
	v, ok := s.lookup(parts[0])
	for _, part := range parts[1:] {
		if !ok || !v.Type().IsObjectType() || !v.Type().HasAttribute(part) {
			return nil
		}
		v, _ = v.Unmark()
		v = v.GetAttr(part)
	}
	if !ok || !v.Type().IsObjectType() {
		return nil
	}
	var names []string
	for name := range v.Type().AttributeTypes() {
		names = append(names, name)
	}
	return names
}

func commonBeginning(names []string) string {
	begin := names[0]
	for _, n := range names[1:] {
		for !strings.HasPrefix(n, begin) {
			begin = begin[:len(begin)-1]
		}
	}
	return begin
}
