package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// prompt asks a person at a terminal. Elsewhere it takes the defaults.
type prompt struct {
	*command
	ctx   context.Context
	lines chan string // nil: nobody is there
	ended error       // of reading; read after lines is closed
}

func (c *command) newPrompt(ctx context.Context) *prompt {
	return &prompt{command: c, ctx: ctx}
}

// choose asks for one of known, the first unless told. A value that is there
// already is only checked.
func (p *prompt) choose(question string, known []string, what string, value *string) error {
	check := func(answer string) error { return oneOf(answer, known, what) }
	return p.text(fmt.Sprintf("%s %s", question, strings.Join(known, ", ")), known[0], check, value)
}

// text asks until check is content.
func (p *prompt) text(question, fallback string, check func(string) error, value *string) error {
	if *value != "" {
		return check(*value)
	}
	if !isTerminal(p.in) {
		*value = fallback
		return check(fallback)
	}
	for {
		fmt.Fprintf(p.err, "%s [%s]: ", question, fallback)
		answer, err := p.line()
		if err != nil {
			fmt.Fprintln(p.err)
			return err
		}
		if answer == "" {
			answer = fallback
		}
		err = check(answer)
		if err == nil {
			*value = answer
			return nil
		}
		var e *exitError
		if errors.As(err, &e) {
			fmt.Fprintf(p.err, "  %s. %s\n", e.err, e.hint)
		}
	}
}

// line reads one line, or until Ctrl-C. The reader outlives an interrupted read;
// the process ends then.
func (p *prompt) line() (string, error) {
	if p.lines == nil {
		p.lines = make(chan string)
		go p.read()
	}
	select {
	case <-p.ctx.Done():
		return "", &exitError{code: exitInterrupted, err: errors.New("interrupted; nothing was done")}
	case text, ok := <-p.lines:
		if !ok {
			return "", failed(fmt.Errorf("nobody answers; nothing was done: %w", p.ended))
		}
		return strings.TrimSpace(text), nil
	}
}

func (p *prompt) read() {
	defer close(p.lines)
	scanner := bufio.NewScanner(p.in)
	for scanner.Scan() {
		p.lines <- scanner.Text()
	}
	p.ended = scanner.Err()
	if p.ended == nil {
		p.ended = io.ErrUnexpectedEOF
	}
}
