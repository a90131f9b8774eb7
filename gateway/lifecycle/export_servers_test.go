package lifecycle

// HeldCredentials counts the operations whose credentials are in memory.
func HeldCredentials(e *Engine) int {
	e.held.mu.Lock()
	defer e.held.mu.Unlock()
	return len(e.held.held)
}
