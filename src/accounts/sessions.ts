/** What accounts need of sign-in sessions. src/oidc implements it; app.ts joins the two. */
export interface AccountSessions {
  /** Ends every session of an account, and the codes and tokens that hang on them. */
  endAll(accountId: string, options?: { exceptSessionUid?: string | undefined }): Promise<void>
  /** Forgets which clients were allowed what: the account is being deleted. */
  forgetConsents(accountId: string): Promise<void>
}
