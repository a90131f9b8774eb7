package gateway

import "time"

// Rotation is a replacement of a resource's credentials that is under way. Old and
// new ones work until it is over. The zero value is: none.
type Rotation struct {
	Phase RotationPhase

	// Rev is the ConfigRev whose delivery ends the waiting for the platform.
	Rev int64
	// Grace is how long the credentials that end go on working once the platform
	// has the others.
	Grace time.Duration
	// Due is when the next step is taken: the one that Phase says. Zero: it is
	// being taken, or the platform does not have Rev yet.
	Due time.Time
	// Sure tells that the grace is over, and that Rev is the one that was sent
	// after it, or that nothing is sent at all. With a Due that is set, the backend could
	// not take the last step.
	Sure bool
	// Forced tells that nobody waits for the platform: the grace began without it.
	Forced bool
}

// WaitsForPlatform reports whether both credentials work until the platform has
// those that stay.
func (r Rotation) WaitsForPlatform() bool {
	return (r.Phase == Staged || r.Phase == Reverting) && r.Due.IsZero() && !r.Forced
}

// RotationPhase says which credentials of a rotation the platform is given.
type RotationPhase string

// The phases of a rotation.
const (
	NotRotating RotationPhase = ""
	Staging     RotationPhase = "staging"   // the old ones; the new ones are being made, or what is left of them unmade
	Staged      RotationPhase = "staged"    // the new ones; the old ones end
	Reverting   RotationPhase = "reverting" // the old ones again; the new ones end
)

// RotateOrder is what an operator may say about a rotation.
type RotateOrder struct {
	// Force rotates although the platform cannot be told, and goes on with a rotation
	// that waits for the platform: its customer is locked out unless somebody else
	// tells the new credentials before the grace is over.
	Force bool
	// Grace replaces the plan's, where it is set.
	Grace *time.Duration
}

// RotationRule says how often the credentials of a plan's resources are replaced.
type RotationRule struct {
	Addon, Plan string
	Every       time.Duration
}
