// Package expr is the function table of the configuration language: what an
// expression may call, with the names and argument order known from Terraform.
// The gateway and a plugin that evaluates expressions itself use the same one,
// save that a plugin has nothing of an [Env].
//
// Two promises hold for every function in it. A function is pure: the same
// arguments give the same result, because a template is rendered again at
// every retry and rotation. And no error text holds a sensitive value: what
// carries the mark backend.Sensitive may be passed anywhere, the result
// carries the mark too, and a failure then says only that it failed.
//
// [FromValue] reads an attribute that a plugin evaluates itself, an [Expression].
//
// The package does not parse files and does not decide which names an
// expression may mention.
//
// Authors of plugins read [FromValue] and [Expression]; everybody else
// [Functions] first, then [Env] for what reaches outside.
package expr
