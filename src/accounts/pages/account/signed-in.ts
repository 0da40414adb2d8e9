import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AttributeForm } from '../../../attributes/form.ts'
import type { RecoveryView } from '../../../factors/recovery/recovery.ts'
import type { ButtonForm } from '../../../http/pages/pages.ts'
import { isFresh } from '../../../shared/fresh-sign-in.ts'
import { t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { ValidationError } from '../../../shared/validation-error.ts'
import type { Account } from '../../account.ts'
import type { AccountPagesDependencies, Sessions } from '../dependencies.ts'

/** The pages of an account, in the order of their navigation. */
const PAGES = {
  '/account': 'account.profile',
  '/account/security': 'account.security',
  '/account/sessions': 'account.devices',
  '/account/apps': 'account.apps',
  '/account/groups': 'account.groups',
  '/account/organizations': 'account.organizations',
  '/account/data': 'account.data',
} as const

export type AccountPath = keyof typeof PAGES

/** What every page of an account shows around its own. */
export interface AccountFrame {
  username: string
  signOut: ButtonForm
  /** Undefined: this person has no part in the administration. */
  adminHref?: string | undefined
  pages: { href: string; label: string; current: boolean }[]
  /** What was just done. */
  notice?: string | undefined
  /** What went wrong on the way back to this page. */
  alert?: string | undefined
  /** Its second factors are about to be removed. */
  recovery?: { byAdministrator: boolean; readyAt: string; stop: ButtonForm } | undefined
}

/** The person of a request, and the session that they are signed in by. */
export interface Signed {
  session: NonNullable<Awaited<ReturnType<Sessions['current']>>>
  account: Account
  recovery: RecoveryView | undefined
  /** Numbers are verified by a code. */
  verifiesPhones: boolean
  /** Adds and removes the members of a group. */
  managesGroups: boolean
  /** Is a member of an organization. */
  inOrganizations: boolean
  attributeForm: AttributeForm
}

export const frameOf = (
  { account, recovery, managesGroups, inOrganizations }: Signed,
  current: AccountPath,
  said: Pick<AccountFrame, 'notice' | 'alert'> = {},
): AccountFrame => ({
  username: account.displayUsername,
  signOut: { action: '/account/sign-out' },
  adminHref: account.role === 'user' ? undefined : '/admin',
  pages: Object.entries(PAGES)
    .map(([href, label]) => ({ href, label: t(label), current: href === current }))
    .filter((page) => page.href !== '/account/groups' || managesGroups || page.current)
    .filter((page) => page.href !== '/account/organizations' || inOrganizations || page.current),
  recovery: recovery && {
    byAdministrator: recovery.startedBy === 'administrator',
    readyAt: minuteOf(recovery.readyAt),
    stop: { action: '/account/recovery/stop' },
  },
  ...said,
})

export interface SignedIn {
  /** The person who is signed in; else the sign-in page is answered, which leads back to `path`, and undefined returned. */
  person(request: FastifyRequest, reply: FastifyReply, path: AccountPath): Promise<Signed | undefined>
  /** As `person`, and who has to set up a second factor before they are signed in: for what sets one up. */
  enrolling(request: FastifyRequest, reply: FastifyReply, path: AccountPath): Promise<Signed | undefined>
  /**
   * Undefined: they signed in lately. Else the form is put aside for a fresh sign-in (ASVS 7.5.1), and the page to
   * go to for it returned. @param words completes “You are about to …”, in the language of the person
   */
  again(request: FastifyRequest, signed: Signed, words: string): Promise<string | undefined>
  /**
   * The handler of a form of the page at `path`. @param work does what the form asks, and gives the page to go to
   * @param refused shows the page once more, with what is wrong beside the fields
   */
  onSubmit(
    path: AccountPath,
    work: (signed: Signed, request: FastifyRequest, reply: FastifyReply) => Promise<string>,
    refused?: (
      reply: FastifyReply,
      signed: Signed,
      error: ValidationError,
      request: FastifyRequest,
    ) => Promise<FastifyReply>,
  ): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
}

/** The pages of an account are of the person who is signed in, and of nobody else. */
export function createSignedIn({
  accounts,
  clock,
  http,
  sessions,
  recovery,
  phones,
  managing,
  organizations,
  attributeForm,
}: Pick<
  AccountPagesDependencies,
  | 'accounts'
  | 'clock'
  | 'http'
  | 'sessions'
  | 'recovery'
  | 'phones'
  | 'managing'
  | 'organizations'
  | 'attributeForm'
>): SignedIn {
  const found = async (
    request: FastifyRequest,
    reply: FastifyReply,
    path: AccountPath,
    session: Signed['session'] | undefined,
  ) => {
    const account = session && (await accounts.byId(session.accountId))
    if (session && account) {
      http.language.ofAccount(request, account.locale)
      const [waiting, managesGroups, inOrganizations] = await Promise.all([
        recovery.waiting(account),
        managing.manages(account.id),
        organizations.exist() && organizations.members.isMember(account.id),
      ])
      return {
        session,
        account,
        recovery: waiting,
        verifiesPhones: phones.on,
        managesGroups,
        inOrganizations,
        attributeForm,
      }
    }
    reply.redirect(`/login?${request.method === 'GET' ? '' : 'ended=1&'}return_to=${path}`, 303)
    return undefined
  }
  const person: SignedIn['person'] = async (request, reply, path) =>
    found(request, reply, path, await sessions.current(request, reply))
  return {
    person,
    async enrolling(request, reply, path) {
      const session = await sessions.current(request, reply)
      const waiting = session ? undefined : await sessions.incomplete(request, reply)
      return found(request, reply, path, session ?? (waiting?.missing === 'set-up' ? waiting : undefined))
    },
    again: async (request, { session }, words) =>
      isFresh(clock, session.freshAt) ? undefined : http.interrupted.ask(request, session, words),
    onSubmit: (path, work, refused) => async (request, reply) => {
      const signed = await person(request, reply, path)
      if (!signed) return reply
      try {
        return reply.redirect(await work(signed, request, reply), 303)
      } catch (error) {
        if (!(error instanceof ValidationError) || !refused) throw error
        return refused(reply, signed, error, request)
      }
    },
  }
}
