import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { renderPage } from '../../../http/pages/views.ts'
import type { OwnProviderState } from '../../../organizations/own-provider/own-provider.ts'
import { unlessCode } from '../../../shared/errors.ts'
import type { Finding } from '../../../shared/finding.ts'
import { ENGLISH, localeOf } from '../../../shared/locales/locales.ts'
import { currentLocale, type TextKey, t } from '../../../shared/locales/texts.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { boxesOf, boxOf, type RoleBox, rolesIn } from './role-boxes.ts'
import { type AccountFrame, frameOf, type Signed, type SignedIn } from './signed-in.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'accounts/account/organization-provider': {
      account: AccountFrame
      organization: string
      /** Why it cannot be set up now. */
      closed?: string | undefined
      redirectUri: string
      form: Form
      secretHint: string
      roles: readonly RoleBox[]
      /** It is there. */
      acts?: { disabled: boolean; toggle: ButtonForm; test: ButtonForm; removeHref: string } | undefined
      findings?: readonly Finding[] | undefined
      /** The language of the findings: one of the console’s. */
      findingsLanguage: string
      backHref: string
    }
    'accounts/account/organization-provider-remove': {
      account: AccountFrame
      organization: string
      form: ButtonForm
      backHref: string
    }
  }
}

const PATH = '/account/organizations'

const NOTICES: Readonly<Record<string, TextKey>> = {
  saved: 'organizations.done.provider',
  on: 'organizations.done.providerOn',
  off: 'organizations.done.providerOff',
}

const line = (most: number) => z.string().max(most).default('')
const sentForm = z
  .object({
    issuer: line(2000),
    client_id: line(500),
    client_secret: line(16_384),
    auth_method: line(100),
    trust_email: z.string().optional(),
    required: z.string().optional(),
    join: z.string().optional(),
  })
  .catchall(z.string().max(400))

type ById = { Params: { id: string } }

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
  const organizationPage = (id: string) => `${PATH}/${encodeURIComponent(id)}`
  const pageOf = (id: string) => `${organizationPage(id)}/provider`

  async function show(
    request: FastifyRequest<ById>,
    reply: FastifyReply,
    signed: Signed,
    { form, findings, status }: { form?: Partial<Form>; findings?: Finding[]; status?: number } = {},
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
      redirectUri: state.redirectUri,
      form: { action: pageOf(id), ...form, values },
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
      findingsLanguage: localeOf(currentLocale()).console ? currentLocale() : ENGLISH,
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
        await ownProvider.save(signed.account.id, id, {
          issuer: sent.issuer.trim(),
          clientId: sent.client_id.trim(),
          clientSecret: sent.client_secret.trim() || undefined,
          authMethod: sent.auth_method,
          trustEmail: sent.trust_email !== undefined,
          required: sent.required !== undefined,
          join: sent.join !== undefined,
          roles: rolesIn(sent as Record<string, string>),
        })
        return `${pageOf(id)}?done=saved`
      },
      (_reply, signed, error) => {
        const form = { errors: error.sentences, values: shownAgain(request.body) }
        return show(request, reply, signed, { form, status: error.status })
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

  app.get<ById>(`${PATH}/:id/provider/remove`, async (request, reply) => {
    const signed = await signedIn.person(request, reply, PATH)
    if (!signed) return reply
    const { id } = request.params
    const { organization, provider } = await ownProvider.get(signed.account.id, id)
    if (provider === undefined) return reply.redirect(pageOf(id), 303)
    return renderPage(reply, 'accounts/account/organization-provider-remove', {
      account: frameOf(signed, PATH),
      organization: organization.name,
      form: { action: `${pageOf(id)}/remove` },
      backHref: pageOf(id),
    })
  })

  app.post<ById>(`${PATH}/:id/provider/remove`, http.limit('account'), (request, reply) =>
    signedIn.onSubmit(PATH, async (signed) => {
      const { id } = request.params
      const first = await again(request, signed)
      if (first) return first
      // What another tab has done already is done.
      await ownProvider.remove(signed.account.id, id).catch(unlessCode('provider_not_found'))
      return `${organizationPage(id)}?done=provider-removed`
    })(request, reply),
  )
}
