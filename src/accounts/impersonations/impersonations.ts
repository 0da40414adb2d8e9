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
import { createOpenImpersonations } from './open.ts'

/** Characters of a reason. */
const SHORTEST_REASON = 10
const LONGEST_REASON = 300

const reasonSchema = line(LONGEST_REASON).refine((text) => [...text].length >= SHORTEST_REASON)

/** Seconds after its begin that the session of an impersonation is there, at the latest. */
const STARTS_WITHIN = 60

/**
 * How one has ended. `button`: by the administrator, who is back; `signed_out`: by a sign-out in its browser; `device`: by the person, in the
 * list of devices; `administrator`: by an administrator, in the list of those that run or of the person's devices; `session_ended`: with its session, as by a sign-out
 * everywhere or another sign-in in its browser; `administrator_signed_out`: with the administrator's own sign-in.
 */
export type ImpersonationEnd =
  | 'button'
  | 'signed_out'
  | 'device'
  | 'administrator'
  | 'expired'
  | 'session_ended'
  | 'administrator_signed_out'
  | 'role_changed'
  | 'account_changed'
  | 'account_deleted'
  | 'forbidden'
  | 'switched_off'

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
  /** Records that one has ended, unless that is recorded already. */
  ended(id: string, how: ImpersonationEnd): Promise<void>
  /** Those that run, newest first. */
  running(): Promise<RunningImpersonation[]>
  /** Ends one, with all that was issued in it. @throws AppError impersonation_not_found (404) */
  end(id: string): Promise<void>
  /** For a job: records the ends that no request has seen. Returns how many. */
  settle(): Promise<number>
}

const refused = (text: Message) => new AppError('impersonation_refused', 409, text)

export function createImpersonations(deps: {
  accounts: { byId(id: string): Promise<Account | undefined> }
  artifacts: Pick<ArtifactStore, 'destroy' | 'listByAccount' | 'revokeSession' | 'upsert'>
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
  const open = createOpenImpersonations(artifacts)

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

  const sessionOf = async (accountId: string, id: string) =>
    (await artifacts.listByAccount('Session', accountId)).find(
      ({ payload }) => impersonationOf(payload)?.id === id,
    )?.payload as { uid: string; generation: number } | undefined

  /** Why one counts no more, whatever has become of its session. Undefined: it counts. */
  async function endOf(
    accountId: string,
    impersonation: Impersonation,
  ): Promise<ImpersonationEnd | undefined> {
    const { by, generation, until } = impersonation
    if (until * 1000 <= clock()) return 'expired'
    if (settings.impersonation !== 'on') return 'switched_off'
    const [administrator, person] = await Promise.all([accounts.byId(by), accounts.byId(accountId)])
    if (person === undefined) return 'account_deleted'
    if (person.role !== 'user' || person.disabledAt !== null) return 'account_changed'
    if (administrator?.generation !== generation || administrator.disabledAt !== null)
      return 'administrator_signed_out'
    if (!(await deps.mayImpersonate(administrator.role))) return 'role_changed'
    if (await deps.forbidden(accountId)) return 'forbidden'
    return (await waits(impersonation)) ? undefined : 'administrator_signed_out'
  }

  const counts: Impersonations['counts'] = async (accountId, impersonation) =>
    (await endOf(accountId, impersonation)) === undefined

  /** The `uid` of the session of one, if that counts. */
  async function runningIn(accountId: string, impersonation: Impersonation): Promise<string | undefined> {
    const session = await sessionOf(accountId, impersonation.id)
    if (session === undefined || session.generation !== (await accounts.byId(accountId))?.generation)
      return undefined
    return (await counts(accountId, impersonation)) ? session.uid : undefined
  }

  /** @param startedAt its session is stored a moment after it has begun */
  async function endOfSession(
    accountId: string,
    id: string,
    startedAt: number,
  ): Promise<ImpersonationEnd | undefined> {
    const session = await sessionOf(accountId, id)
    if (session === undefined)
      return startedAt + STARTS_WITHIN < epochSeconds(clock) ? 'session_ended' : undefined
    return session.generation === (await accounts.byId(accountId))?.generation ? undefined : 'session_ended'
  }

  async function running(): Promise<RunningImpersonation[]> {
    const found = await Promise.all(
      (await open.list()).map(async ({ accountId, impersonation, reason, startedAt }) => {
        if ((await runningIn(accountId, impersonation)) === undefined) return []
        const { id, by, until } = impersonation
        const [person, administrator] = await Promise.all([accounts.byId(accountId), accounts.byId(by)])
        const names = { username: person?.displayUsername, administrator: administrator?.displayUsername }
        return [{ id, accountId, by, ...names, reason, startedAt, until }]
      }),
    )
    return found.flat()
  }

  const ended: Impersonations['ended'] = async (id, how) => {
    const taken = await open.take(id)
    if (taken === undefined) return
    const { accountId, impersonation } = taken
    const account = await accounts.byId(accountId)
    deps.events({
      type: 'account.impersonation_ended',
      ...(account === undefined ? { accountId } : ofAccount(account)),
      ...{ impersonation: id, administrator: impersonation.by, reason: how },
    })
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
      await open.add({ accountId, impersonation, reason, startedAt: epochSeconds(clock) })
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
      const found = (await open.list()).find(({ impersonation }) => impersonation.id === id)
      const uid = found && (await runningIn(found.accountId, found.impersonation))
      if (found === undefined || uid === undefined)
        throw new AppError('impersonation_not_found', 404, message('admin.users.impersonate.unknown'))
      await artifacts.revokeSession(found.accountId, uid)
      await ended(id, 'administrator')
    },
    async settle() {
      let recorded = 0
      for (const { accountId, impersonation, startedAt } of await open.list()) {
        const { id } = impersonation
        const how = (await endOf(accountId, impersonation)) ?? (await endOfSession(accountId, id, startedAt))
        if (how === undefined) continue
        await ended(id, how)
        recorded++
      }
      return recorded
    },
  }
}
