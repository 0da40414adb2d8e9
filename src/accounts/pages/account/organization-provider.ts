import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { renderPage } from '../../../http/pages/views.ts'
import type { OwnProviderState } from '../../../organizations/own-provider/own-provider.ts'
import { unlessCode, VersionConflict } from '../../../shared/errors.ts'
import type { Finding } from '../../../shared/finding.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { OWN_AUTH_METHODS } from '../../../shared/provider-limits.ts'
import { refusedFields } from '../../../shared/validation-error.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { pageOf as organizationPage, PATH } from './organization-paths.ts'
import { boxesOf, boxOf, type RoleBox, rolesIn } from './role-boxes.ts'
import { type AccountFrame, frameOf, type Signed, type SignedIn } from './signed-in.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/organization-provider': {
      account: AccountFrame
      organization: string
      /** Why it cannot be set up now. */
      closed?: string | undefined
      /** It is there, and signs nobody in: no domain is verified. */
      unverified: boolean
      /** Where domains are verified; undefined: one is. */
      domainsHref?: string | undefined
      redirectUri: string
      form: Form
      /** What the form changes. */
      version: string
      /** It was changed since the form was opened: what is stored by now. */
      stale?: readonly { label: string; value: string }[] | undefined
      authMethods: readonly string[]
      secretHint: string
      roles: readonly RoleBox[]
      /** It is there. */
      acts?: { disabled: boolean; toggle: ButtonForm; test: ButtonForm; removeHref: string } | undefined
      findings?: readonly Finding[] | undefined
      backHref: string
    }
    /** Asks before something ends. */
    'accounts/account/organization-confirm': {
      account: AccountFrame
      title: string
      alert?: string | undefined
      ends: string
      form: ButtonForm
      label: string
      backHref: string
    }
  }
}

const NOTICES: Readonly<Record<string, TextKey>> = {
  saved: 'organizations.done.provider',
  on: 'organizations.done.providerOn',
  off: 'organizations.done.providerOff',
}

// How long each may be is for the service to say, beside its field.
const line = z.string().default('')
const sentForm = z
  .object({
    ...{ issuer: line, client_id: line, client_secret: line, auth_method: line, version: line },
    trust_email: z.string().optional(),
    required: z.string().optional(),
    join: z.string().optional(),
  })
  .catchall(z.string())
const seen = z.object({ version: line })

type ById = { Params: { id: string } }

/** The status of a page whose form was made of what is stored no more. */
const STALE = 409

const flag = (on: boolean, name: string) => (on ? { [name]: 'on' } : {})

/** What is stored, as the form has it. */
const valuesOf = ({ provider, required, join, roles }: OwnProviderState): Record<string, string> => ({
  ...(provider && {
    ...{ issuer: provider.issuer, client_id: provider.clientId, auth_method: provider.authMethod },
    ...flag(provider.trustEmail, 'trust_email'),
  }),
  ...flag(required, 'required'),
  ...flag(join, 'join'),
  ...Object.fromEntries(roles.map((role) => [boxOf(role), 'on'])),
})

/** Whether the provider signs people in, as far as domains say; undefined: there is none. */
export const serves = ({ provider, byAdministrators, verified }: OwnProviderState): boolean | undefined =>
  provider === undefined && byAdministrators === undefined ? undefined : verified

/** What is stored, in words. */
function storedIn(state: OwnProviderState): { label: string; value: string }[] {
  const { provider, required, join, roles } = state
  if (provider === undefined)
    return [{ label: t('organizations.provider'), value: t('organizations.provider.none') }]
  const yes = (on: boolean) => t(on ? 'attributes.yes' : 'attributes.no')
  return [
    { label: t('organizations.provider.issuer'), value: provider.issuer },
    { label: t('organizations.provider.clientId'), value: provider.clientId },
    { label: t('organizations.provider.authMethod'), value: provider.authMethod },
    { label: t('organizations.provider.trustEmail'), value: yes(provider.trustEmail) },
    { label: t('organizations.provider.join'), value: yes(join) },
    { label: t('organizations.provider.roles'), value: roles.join(', ') || t('organizations.member.none') },
    { label: t('organizations.provider.required'), value: yes(required) },
  ]
}

/** The version that a form was made of is stored no more: it is shown again (409). */
function ifStale(error: unknown): never {
  throw error instanceof VersionConflict ? refusedFields({}, error.status) : error
}

function closedIn({ closed, byAdministrators }: OwnProviderState): string | undefined {
  if (byAdministrators !== undefined)
    return t('organizations.provider.byAdministrators', { provider: byAdministrators })
  if (closed === undefined) return undefined
  return t(closed === 'off' ? 'organizations.provider.off' : 'organizations.provider.noDomain')
}

/** `/account/organizations/:id/provider`: where people of an organization sign in, for who manages it. */
export function organizationProviderRoutes(
  app: FastifyInstance,
  { http, ownProvider }: AccountPagesDependencies,
  signedIn: SignedIn,
): void {
  const pageOf = (id: string) => `${organizationPage(id)}/provider`

  async function show(
    request: FastifyRequest<ById>,
    reply: FastifyReply,
    signed: Signed,
    {
      form,
      version,
      stale = false,
      findings,
      status,
    }: {
      form?: Partial<Form>
      version?: string
      stale?: boolean
      findings?: Finding[]
      status?: number
    } = {},
  ) {
    const { id } = request.params
    const state = await ownProvider.get(signed.account.id, id)
    const { done } = z.object({ done: z.unknown().optional() }).parse(request.query)
    const { provider, organization } = state
    const values = form?.values ?? valuesOf(state)
    const quiet = status !== undefined || findings !== undefined
    const data = {
      account: frameOf(signed, PATH, { notice: quiet ? undefined : noticeIn(NOTICES, done) }),
      organization: organization.name,
      closed: closedIn(state),
      unverified: serves(state) === false,
      domainsHref: state.verified ? undefined : `${organizationPage(id)}#domains-heading`,
      redirectUri: state.redirectUri,
      form: { action: pageOf(id), ...form, values },
      version: version ?? state.version,
      stale: stale ? storedIn(state) : undefined,
      authMethods: OWN_AUTH_METHODS,
      secretHint: t(
        provider?.hasSecret ? 'organizations.provider.secret.kept' : 'organizations.provider.secret.hint',
      ),
      roles: boxesOf(organization.givable, values),
      acts: provider && {
        disabled: provider.disabled,
        toggle: { action: `${pageOf(id)}/${provider.disabled ? 'enable' : 'disable'}` },
        test: { action: `${pageOf(id)}/test` },
        removeHref: `${pageOf(id)}/remove`,
      },
      findings,
      backHref: organizationPage(id),
    }
    return renderPage(reply, 'accounts/account/organization-provider', data, status)
  }

  /** The page to go to for a fresh sign-in. Undefined: they signed in lately. */
  async function again(request: FastifyRequest<ById>, signed: Signed): Promise<string | undefined> {
    const { organization } = await ownProvider.get(signed.account.id, request.params.id)
    return signedIn.again(request, signed, t('act.organizationProvider', { organization: organization.name }))
  }

  app.get<ById>(`${PATH}/:id/provider`, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    return signed ? show(request, reply, signed) : reply
  })

  app.post<ById>(`${PATH}/:id/provider`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(
      PATH,
      async (signed) => {
        const { id } = request.params
        const first = await again(request, signed)
        if (first) return first
        const sent = sentForm.parse(request.body ?? {})
        const input = {
          issuer: sent.issuer.trim(),
          clientId: sent.client_id.trim(),
          clientSecret: sent.client_secret.trim() || undefined,
          authMethod: sent.auth_method,
          trustEmail: sent.trust_email !== undefined,
          required: sent.required !== undefined,
          join: sent.join !== undefined,
          roles: rolesIn(sent as Record<string, string>),
        }
        await ownProvider.save(signed.account.id, id, input, { ifVersion: sent.version }).catch(ifStale)
        return `${pageOf(id)}?done=saved`
      },
      (_reply, signed, error) => {
        const form = { errors: error.sentences, values: shownAgain(request.body) }
        if (error.status === STALE) return show(request, reply, signed, { form, stale: true, status: STALE })
        // The version that was sent: what another manager changed since is still to be shown.
        const { version } = seen.parse(request.body ?? {})
        return show(request, reply, signed, { form, version, status: error.status })
      },
    )(request, reply),
  )

  // What it finds is shown, and nothing is changed: a page of its own is not worth it.
  app.post<ById>(`${PATH}/:id/provider/test`, http.limit('account'), async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    if (!signed) return reply
    const first = await again(request, signed)
    if (first) return reply.redirect(first, 303)
    const findings = await ownProvider.test(signed.account.id, request.params.id)
    return show(request, reply, signed, { findings })
  })

  for (const act of ['enable', 'disable'] as const)
    app.post<ById>(`${PATH}/:id/provider/${act}`, http.limit('account'), (request, reply) =>
      signedIn.onSubmit(PATH, async (signed) => {
        const first = await again(request, signed)
        if (first) return first
        await ownProvider.setDisabled(signed.account.id, request.params.id, act === 'disable')
        return `${pageOf(request.params.id)}?done=${act === 'disable' ? 'off' : 'on'}`
      })(request, reply),
    )

  async function askToRemove(reply: FastifyReply, signed: Signed, id: string, changed = false) {
    const { organization, provider, version } = await ownProvider.get(signed.account.id, id)
    if (provider === undefined) return reply.redirect(pageOf(id), 303)
    const data = {
      account: frameOf(signed, PATH),
      title: t('organizations.provider.remove', { organization: organization.name }),
      alert: changed ? t('organizations.provider.remove.stale') : undefined,
      ends: t('organizations.provider.remove.what'),
      form: { action: `${pageOf(id)}/remove`, fields: { version } },
      label: t('organizations.provider.remove.submit'),
      backHref: pageOf(id),
    }
    return renderPage(reply, 'accounts/account/organization-confirm', data, changed ? STALE : undefined)
  }

  app.get<ById>(`${PATH}/:id/provider/remove`, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    return signed ? askToRemove(reply, signed, request.params.id) : reply
  })

  app.post<ById>(`${PATH}/:id/provider/remove`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(
      PATH,
      async (signed) => {
        const { id } = request.params
        const first = await again(request, signed)
        if (first) return first
        const { version: ifVersion } = seen.parse(request.body ?? {})
        // What another tab has done already is done.
        await ownProvider
          .remove(signed.account.id, id, { ifVersion })
          .catch(unlessCode('provider_not_found'))
          .catch(ifStale)
        return `${organizationPage(id)}?done=provider-removed`
      },
      (_reply, signed) => askToRemove(reply, signed, request.params.id, true),
    )(request, reply),
  )
}
