import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Branding } from '../../../branding/branding.ts'
import type { BrandOwner } from '../../../branding/document.ts'
import type { Brand, BrandField, NamedBrandField } from '../../../branding/fields.ts'
import type { SealedCookies } from '../../../http/cookies/sealed-cookie.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import { acceptUpload, uploadOf } from '../../../http/forms/upload.ts'
import { policyWith } from '../../../http/headers.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { MailLook } from '../../../mail/look.ts'
import type { Mail, RenderedMail } from '../../../mail/templates.ts'
import { AppError, VersionConflict } from '../../../shared/errors.ts'
import { described } from '../../../shared/locales/described.ts'
import { message, type TextKey, t } from '../../../shared/locales/texts.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { sectionLabel } from '../sections.ts'
import { type SetupAreaDependencies, setupSteps } from '../setup/routes.ts'
import { nextOf } from '../setup/steps.ts'
import { draftsOf } from './draft.ts'
import { frameRoutes, isShownOn, SHOWN, type ShownOn } from './frames.ts'

export interface BrandingAreaDependencies
  extends Pick<SetupAreaDependencies, 'setup' | 'firstSteps' | 'branded'> {
  branding: Pick<Branding, 'get' | 'set' | 'draft' | 'shownAs' | 'images'>
  brandFields: readonly NamedBrandField[]
  brandFromText(name: BrandField, text: string): unknown
  sealedText: SealedCookies
  /** A message as it would be sent. */
  sampleMail(mail: Mail, look: MailLook): RenderedMail
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/branding': {
      frame: ConsoleFrame
      title: string
      below: { href: string; label: string }[]
      about: string
      fields: readonly NamedBrandField[]
      form: Form
      version: string
      /** What is shown is a draft of what was stored before. */
      stale: boolean
      /** Undefined: nothing is said. */
      reset: { action: string } | undefined
      history: string
      /** Back to the wizard; undefined: it is finished, or was dismissed. */
      setup: string | undefined
    }
    'admin/branding-preview': {
      frame: ConsoleFrame
      title: string
      below: { href: string; label: string }[]
      pages: { href: string; label: string; current: boolean }[]
      frames: { src: string; title: string; size: 'phone' | 'desktop' }[]
      publish: { action: string; draft: string }
      back: string
      stale: boolean
    }
  }
}

const PATH = '/admin/branding'

/** Bytes of a form: two pictures that may be too large by some, so that they are told of beside their field. */
const MAX_FORM = 4 * 1024 * 1024

const PICTURES = ['logo', 'favicon'] as const

const NOTICES: Readonly<Record<string, TextKey>> = {
  published: 'admin.branding.done.published',
  reset: 'admin.branding.done.reset',
}

const sent = z.record(z.string(), z.string().max(5000))

interface Place {
  path: string
  owner: BrandOwner
  title: string
  about: string
  below: { href: string; label: string }[]
}

/** `/admin/branding`: name, logo, colours and links; seen on pages before they are published. */
export async function brandingArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & BrandingAreaDependencies,
): Promise<void> {
  const { branding, brandFields } = deps
  const drafts = (request: FastifyRequest) => draftsOf(deps.sealedText, administratorOf(request).id)
  await app.register(async (scope) => {
    acceptUpload(scope, { maxBytes: MAX_FORM, files: PICTURES })
    for (const kind of ['server', 'client', 'organization'] as const) placeRoutes(scope, kind)
  })
  frameRoutes(app, deps, (request, text) => drafts(request).open(text))

  const textsOf = (brand: Brand): Record<string, string> =>
    Object.fromEntries(brandFields.map(({ name }) => [name, brand[name] === null ? '' : String(brand[name])]))

  /** Whose brand a request is about. */
  async function placeOf(kind: BrandOwner['kind'], request: FastifyRequest) {
    const { id = '' } = request.params as { id?: string }
    const owner: BrandOwner = kind === 'server' ? { kind } : { kind, id }
    const state = await branding.get(owner)
    const path = kind === 'server' ? PATH : `${PATH}/${kind}s/${encodeURIComponent(id)}`
    const title =
      kind === 'server' ? sectionLabel('branding') : t('admin.branding.of', { name: state.owner.name })
    const below =
      kind === 'server'
        ? []
        : [{ href: `/admin/${kind}s/${encodeURIComponent(id)}`, label: state.owner.name }]
    const place: Place = { path, owner, title, below, about: t(`admin.branding.about.${kind}`) }
    return { place, state }
  }

  /** Where the wizard goes on, for who came from it. */
  async function wizard(request: FastifyRequest, kind: BrandOwner['kind']): Promise<string | undefined> {
    const may = administratorOf(request).authority.permissions.has('overview.read')
    if (kind !== 'server' || !may || deps.setup.current().dismissed) return undefined
    return nextOf(await setupSteps(deps)) && '/admin/setup'
  }

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    { place, state }: Awaited<ReturnType<typeof placeOf>>,
    again: { form?: Partial<Form>; version?: string; status?: number } = {},
  ): Promise<FastifyReply> {
    const { done, draft: text } = z
      .object({ done: z.string().optional().catch(undefined), draft: z.string().optional().catch(undefined) })
      .parse(request.query)
    const opened = drafts(request).open(text)
    const draft = opened && sameOwner(opened.owner, place.owner) ? opened : undefined
    const brand = draft?.brand ?? state.brand
    const said = Object.values(state.brand).some((value) => value !== null)
    const { path, title, below, about } = place
    return renderConsole(
      request,
      reply,
      'branding',
      'admin/branding',
      {
        ...{ title, below, about },
        fields: brandFields.map((field) => ({
          ...field,
          label: described(`admin.branding.field.${field.name}.label`, field.label),
          hint: described(`admin.branding.field.${field.name}.hint`, field.hint),
        })),
        form: { action: `${path}/preview`, values: textsOf(brand), ...again.form },
        version: again.version ?? state.version,
        stale: draft !== undefined && draft.version !== state.version,
        reset: said ? { action: `${path}/reset` } : undefined,
        history: '/admin/audit?action=branding.',
        setup: await wizard(request, place.owner.kind),
      },
      { status: again.status ?? 200, notice: noticeIn(NOTICES, done) },
    )
  }

  function placeRoutes(scope: FastifyInstance, kind: BrandOwner['kind']): void {
    const path = kind === 'server' ? PATH : `${PATH}/${kind}s/:id`
    const drafted = { admin: 'branding.preview', formPage: path } as const

    scope.get(path, { config: { admin: 'branding.read' } }, async (request, reply) =>
      show(request, reply, await placeOf(kind, request)),
    )

    scope.post(`${path}/preview`, { config: drafted }, async (request, reply) => {
      const found = await placeOf(kind, request)
      const { version = '', ...typed } = sent.parse(request.body ?? {})
      const values: Record<string, string> = {}
      const given: Record<string, unknown> = {}
      const errors: Record<string, string> = {}
      for (const { name, input } of brandFields) {
        values[name] = typed[name === 'logo' || name === 'favicon' ? `${name}_kept` : name] ?? ''
        given[name] = deps.brandFromText(name, values[name])
        if (input !== 'picture') continue
        if (typed[`${name}_remove`] === 'on') {
          given[name] = null
          values[name] = ''
        }
        const file = uploadOf(request, name)
        const kept = file && (await branding.images.keep(file))
        if (kept && 'problem' in kept) errors[name] = kept.problem
        else if (kept) {
          given[name] = kept.address
          values[name] = kept.address
        } else if (typed[name]) errors[name] = t('admin.branding.unsent')
      }
      try {
        const brand = await branding.draft(given)
        if (Object.keys(errors).length === 0) {
          const draft = drafts(request).seal({ owner: found.place.owner, brand, version })
          return reply.redirect(`${found.place.path}/preview?draft=${draft}`, 303)
        }
      } catch (error) {
        const form = asFormErrors(error)
        Object.assign(errors, { ...form.errors, ...errors })
        if (form.alert) errors.form = form.alert
      }
      return show(request, reply, found, { form: { values, errors: labelled(errors) }, version, status: 422 })
    })

    scope.get(`${path}/preview`, { config: { admin: 'branding.read' } }, async (request, reply) => {
      const { place, state } = await placeOf(kind, request)
      const query = z
        .object({ draft: z.string().catch(''), page: z.string().optional().catch(undefined) })
        .parse(request.query)
      const draft = drafts(request).open(query.draft)
      if (draft === undefined || !sameOwner(draft.owner, place.owner)) return reply.redirect(place.path, 303)
      reply.header('content-security-policy', policyWith({ 'frame-src': ["'self'"] }))
      const page = isShownOn(query.page) ? query.page : 'sign-in'
      return renderConsole(request, reply, 'branding', 'admin/branding-preview', {
        title: t('admin.branding.preview.of', { title: place.title }),
        below: [...place.below, { href: place.path, label: place.title }].filter(({ href }) => href !== PATH),
        pages: SHOWN.map(({ id, text }) => ({
          href: `${place.path}/preview?page=${id}&draft=${query.draft}`,
          label: t(text),
          current: id === page,
        })),
        frames: framesOf(page, query.draft),
        publish: { action: `${place.path}/publish`, draft: query.draft },
        back: `${place.path}?draft=${query.draft}`,
        stale: draft.version !== state.version,
      })
    })

    scope.post(
      `${path}/publish`,
      { config: { admin: 'branding.update', formPage: path } },
      async (request, reply) => {
        const { place } = await placeOf(kind, request)
        const { draft: text } = sent.parse(request.body ?? {})
        const draft = drafts(request).open(text)
        if (draft === undefined || !sameOwner(draft.owner, place.owner))
          throw new AppError('draft_gone', 410, message('admin.branding.draft_gone'))
        try {
          await branding.set(draft.owner, draft.brand, { ifVersion: draft.version })
        } catch (error) {
          if (!(error instanceof VersionConflict)) throw error
          // The form says so, with what was typed.
          return reply.redirect(`${place.path}?draft=${text}`, 303)
        }
        return reply.redirect(`${place.path}?done=published`, 303)
      },
    )

    scope.post(
      `${path}/reset`,
      { config: { admin: 'branding.update', formPage: path } },
      async (request, reply) => {
        const { place } = await placeOf(kind, request)
        const { version } = sent.parse(request.body ?? {})
        await branding.set(place.owner, {}, { ifVersion: version })
        return reply.redirect(`${place.path}?done=reset`, 303)
      },
    )
  }
}

const sameOwner = (one: BrandOwner, other: BrandOwner): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/** Problems of a service begin with a small letter, behind the name of their field. */
const labelled = (errors: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(errors).map(([name, text]) => [
      name,
      name === 'form' ? text : t('admin.branding.wrong', { problem: text.replace(/\.$/, '') }),
    ]),
  )

const framesOf = (page: ShownOn, draft: string) =>
  (['light', 'dark'] as const).flatMap((scheme) =>
    (['phone', 'desktop'] as const).map((size) => ({
      src: `${PATH}/frames/${page}?scheme=${scheme}&draft=${draft}`,
      title: t(`admin.branding.frame.${size}.${scheme}`),
      size,
    })),
  )
