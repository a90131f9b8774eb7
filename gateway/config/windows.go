package config

import (
	"time"

	"github.com/addongw/addongw/gateway/schema"
)

// The limits keep a slip of the pen (25ms, 25h) from passing.
const (
	shortestDeadline = time.Second
	longestDeadline  = 2 * time.Minute
	shortestWindow   = 30 * time.Second
	longestWindow    = 24 * time.Hour
	longestSkew      = 15 * time.Minute
)

// windows reads how long things may take on a platform, and how often a
// sign-on works.
func (p *platformReader) windows(c *schema.Content) {
	p.common.Deadline = p.bounded(c, "deadline", shortestDeadline, longestDeadline)
	p.common.SSOWindow = p.bounded(c, "sso_window", shortestWindow, longestWindow)
	p.common.SSOSkew = p.bounded(c, "sso_skew", 0, longestSkew)
	if c.Known("sso_single_use") {
		once := c.Bool("sso_single_use")
		p.common.SSOSingleUse = &once
	}
}

func (p *platformReader) bounded(c *schema.Content, name string, shortest, longest time.Duration) time.Duration {
	d, diags := c.Duration(name, shortest, longest)
	p.add(diags...)
	return d
}
