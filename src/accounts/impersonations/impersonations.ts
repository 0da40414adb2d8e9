import { randomUUID } from 'node:crypto'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { IMPERSONATION_TTL, type Impersonation, impersonationOf } from '../../shared/impersonation.ts'
import { type Message, message, t } from '../../shared/locales/texts.ts'
import { line } from '../../shared/text.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { Account } from '../account.ts'
import type { AccountMail } from '../email/mail-out.ts'
import { type AccountEvent, ofAccount } from '../events.ts'

/** Characters of a reason. */
const SHORTEST_REASON = 10
const LONGEST_REASON = 300

const reasonSchema = line(LONGEST_REASON).refine((text) => [...text].length >= SHORTEST_REASON)

/** One that runs. Times are seconds since the epoch. */
export interface RunningImpersonation {
  id: string
  accountId: string
  username: string | undefined
  by: string
  administrator: string | undefined
  reason: string
  startedAt: number
  until: number
}

/** An entry of the audit log, as far as it says who is signed in as whom. */
interface StartEntry {
  at: number
  actor: { id?: string | undefined; name?: string | undefined }
  target?: { id?: string | undefined; name?: string | undefined } | undefined
  details: Readonly<Record<string, unknown>>
}

/** Administrators who sign in as a person to help them. */
export interface Impersonations {
  /** Why a person cannot be helped so; undefined: they can. */
  problemOf(account: Account): Promise<Message | undefined>
  /**
   * Decides, tells the person by mail and the audit log. The session is for the caller to start.
   * @param by the administrator, who has shown a second factor lately, and the session that they did it in
   * @throws ValidationError of `reason` · AppError impersonation_refused (409), account_not_found (404)
   */
  begin(
    accountId: string,
    by: { id: string; sessionUid: string },
    reason: string,
  ): Promise<{ account: Account; impersonation: Impersonation }>
  /**
   * Whether one still counts. It ends by its time, with the sign-ins and the role of the administrator, when it is switched off, once
   * an organization of its person forbids it, and once the person has a role in the console: nobody gets another one's rights there. With the sign-ins of the person it ends as every session.
   */
  counts(accountId: string, impersonation: Impersonation): Promise<boolean>
  /** Records that one has ended before its time. */
  ended(accountId: string, id: string): Promise<void>
  /** Those that run, newest first. */
  running(): Promise<RunningImpersonation[]>
  /** Ends one, with all that was issued in it. @throws AppError impersonation_not_found (404) */
  end(id: string): Promise<void>
}

const refused = (text: Message) => new AppError('impersonation_refused', 409, text)

export function createImpersonations(deps: {
  accounts: { byId(id: string): Promise<Account | undefined> }
  artifacts: Pick<ArtifactStore, 'listByAccount' | 'revokeSession'>
  /** The starts of the last half hour, newest first. */
  starts(since: number): Promise<readonly StartEntry[]>
  mail: { send(mail: AccountMail): void }
  events(event: AccountEvent): void
  /** Whether a role allows it, now. */
  mayImpersonate(role: string): Promise<boolean>
  /** Whether an organization of a person lets nobody sign in as them. */
  forbidden(accountId: string): Promise<boolean>
  settings: { readonly impersonation: 'off' | 'on' }
  issuer: string
  clock: Clock
}): Impersonations {
  const { accounts, artifacts, clock, settings } = deps

  async function problemOf(account: Account): Promise<Message | undefined> {
    if (settings.impersonation !== 'on') return message('admin.users.impersonate.off')
    if (account.role !== 'user') return message('admin.users.impersonate.role')
    if (account.disabledAt !== null) return message('admin.users.impersonate.disabled')
    if (account.deletionAt !== null) return message('admin.users.impersonate.leaving')
    if (account.email === null) return message('admin.users.impersonate.no_address')
    if (await deps.forbidden(account.id)) return message('admin.users.impersonate.forbidden')
    return undefined
  }

  /** Whether the administrator is still signed in there: the session waits for them until the impersonation ends. */
  const waits = async ({ by, session }: Impersonation): Promise<boolean> =>
    (await artifacts.listByAccount('Session', by)).some(({ payload }) => payload.uid === session)

  const counts: Impersonations['counts'] = async (accountId, impersonation) => {
    const { by, generation, until } = impersonation
    if (settings.impersonation !== 'on' || until * 1000 <= clock()) return false
    const [administrator, person] = await Promise.all([accounts.byId(by), accounts.byId(accountId)])
    if (administrator?.generation !== generation || administrator.disabledAt !== null) return false
    if (
      !(await deps.mayImpersonate(administrator.role)) ||
      person?.role !== 'user' ||
      person.disabledAt !== null
    )
      return false
    return !(await deps.forbidden(accountId)) && waits(impersonation)
  }

  /** The session of an impersonation, if it runs. */
  async function sessionOf(accountId: string, id: string): Promise<string | undefined> {
    const account = await accounts.byId(accountId)
    for (const { payload } of await artifacts.listByAccount('Session', accountId)) {
      const { uid, generation } = payload as { uid: string; generation: number }
      const impersonation = impersonationOf(payload)
      if (impersonation?.id !== id || generation !== account?.generation) continue
      return (await counts(accountId, impersonation)) ? uid : undefined
    }
    return undefined
  }

  async function running(): Promise<RunningImpersonation[]> {
    const now = epochSeconds(clock)
    const starts = await deps.starts(clock() - IMPERSONATION_TTL * 1000)
    const found = await Promise.all(
      starts.map(async ({ at, actor, target, details }) => {
        const { impersonation: id, reason, until } = details
        if (target?.id === undefined || typeof id !== 'string' || typeof until !== 'number') return []
        if (until <= now || (await sessionOf(target.id, id)) === undefined) return []
        return [
          {
            id,
            accountId: target.id,
            username: target.name,
            by: actor.id ?? '',
            administrator: actor.name,
            reason: String(reason),
            startedAt: epochSeconds(() => at),
            until,
          },
        ]
      }),
    )
    return found.flat()
  }

  const ended: Impersonations['ended'] = async (accountId, id) => {
    const account = await accounts.byId(accountId)
    if (account)
      deps.events({ type: 'account.impersonation_ended', ...ofAccount(account), impersonation: id })
  }

  return {
    problemOf,
    counts,
    async begin(accountId, by, typed) {
      const [account, administrator] = await Promise.all([accounts.byId(accountId), accounts.byId(by.id)])
      if (!account) throw new AppError('account_not_found', 404, message('admin.users.no_such'))
      const problem = await problemOf(account)
      if (problem !== undefined || account.email === null)
        throw refused(problem ?? message('admin.users.impersonate.no_address'))
      if (administrator === undefined) throw refused(message('admin.users.impersonate.gone'))
      if (administrator.secondFactors.length === 0)
        throw refused(message('admin.users.impersonate.own_factor'))
      const { data: reason } = reasonSchema.safeParse(typed)
      if (reason === undefined)
        throw new ValidationError({
          reason: t('admin.users.impersonate.say_why', { min: SHORTEST_REASON, max: LONGEST_REASON }),
        })
      const until = epochSeconds(clock) + IMPERSONATION_TTL
      const { id, sessionUid: session } = by
      const impersonation = { id: randomUUID(), by: id, generation: administrator.generation, session, until }
      deps.mail.send({
        to: account.email,
        template: 'impersonated',
        data: {
          username: account.displayUsername,
          administrator: administrator.displayUsername,
          at: clock(),
          until: until * 1000,
          reason,
          link: `${deps.issuer}/account/sessions`,
        },
      })
      deps.events({
        type: 'account.impersonated',
        ...ofAccount(account),
        ...{ reason, until, impersonation: impersonation.id },
      })
      return { account, impersonation }
    },
    ended,
    running,
    async end(id) {
      const found = (await running()).find((each) => each.id === id)
      const uid = found && (await sessionOf(found.accountId, id))
      if (found === undefined || uid === undefined)
        throw new AppError('impersonation_not_found', 404, message('admin.users.impersonate.unknown'))
      await artifacts.revokeSession(found.accountId, uid)
      await ended(found.accountId, id)
    },
  }
}
