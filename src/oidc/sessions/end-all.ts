import type { ArtifactStore } from '../../storage/artifacts/store.ts'

/** The sessions of accounts, as accounts end them. */
export interface AccountSessions {
  /**
   * Ends every session of an account, and the codes and tokens that hang on them.
   * @param options.except the session that goes on, with what hangs on it, in the generation that has just begun
   */
  endAll(
    accountId: string,
    options?: { except?: { sessionUid: string; generation: number } | undefined },
  ): Promise<void>
  /** Forgets what the account has allowed clients: it is being deleted. */
  forgetConsents(accountId: string): Promise<void>
}

export const accountSessions = (
  artifacts: Pick<ArtifactStore, 'carryOver' | 'revokeByAccount' | 'forgetConsents'>,
): AccountSessions => ({
  async endAll(accountId, { except } = {}) {
    // First: until then it counts as ended too, and its clients would end their own sessions.
    if (except) await artifacts.carryOver(accountId, except.sessionUid, except.generation)
    await artifacts.revokeByAccount(accountId, { exceptSessionUid: except?.sessionUid })
  },
  forgetConsents: (accountId) => artifacts.forgetConsents(accountId),
})
