/** A session that outlives the end of all others. */
export interface KeptSession {
  sessionUid: string
  generation: number
}

/** What accounts need of sign-in sessions. src/oidc implements it; src/app.ts joins the two. */
export interface AccountSessions {
  /**
   * Ends every session of an account, and the codes and tokens that hang on them.
   * @param options.except the session that goes on, with what hangs on it, in the generation that has just begun
   */
  endAll(accountId: string, options?: { except?: KeptSession | undefined }): Promise<void>
  /** Forgets which clients were allowed what: the account is being deleted. */
  forgetConsents(accountId: string): Promise<void>
}
