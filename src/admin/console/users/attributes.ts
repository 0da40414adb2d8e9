import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import type { Accounts } from '../../../accounts/accounts.ts'
import type { AttributeForm } from '../../../attributes/form.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { AttributeValues } from '../../../shared/attribute-values.ts'
import { VersionConflict } from '../../../shared/errors.ts'
import { type DrawnField, draw } from '../fields.ts'
import { asFormErrors } from '../form-errors.ts'

/** What the console has of attributes that administrators have defined. */
export interface UserAttributesDependencies {
  attributeForm: AttributeForm
}

/** The part of a person's page about them. */
export interface UserAttributesSection {
  edit: Form & { version: string }
  fields: DrawnField[]
  /** For who may not change them. */
  shown: { label: string; value: string }[]
  /** Set on a stale tab: what is stored by now. */
  conflict?: { label: string; value: string }[] | undefined
}

/** What was sent and not stored. */
export interface AlsoAttributes {
  edit: Partial<Form>
  version?: string
  stale?: boolean
}

/** What an administrator fills in. @param values what a person has, of whom there is one already */
export const attributeFields = (form: AttributeForm, values: AttributeValues = {}): DrawnField[] =>
  form
    .controls('administrator', values)
    .map(({ name, label, hint, options = [], type, inputmode, kind }) =>
      draw(
        { name, label, hint, optional: true },
        kind === 'choice'
          ? { kind, options }
          : kind === 'lines'
            ? { kind }
            : { kind, ...(type && { type }), ...(inputmode && { inputmode }) },
      ),
    )

export function attributesSection(
  { attributeForm }: UserAttributesDependencies,
  user: Account,
  also?: AlsoAttributes,
): UserAttributesSection {
  const { id, updatedAt, attributes } = user
  const shown = attributeForm.shown('administrator', attributes)
  return {
    edit: {
      action: `/admin/users/${id}/attributes`,
      version: also?.version ?? String(updatedAt),
      values: attributeForm.filled('administrator', attributes),
      ...also?.edit,
    },
    fields: attributeFields(attributeForm, attributes),
    shown,
    conflict: also?.stale ? shown : undefined,
  }
}

const versionForm = z.object({ version: z.string().regex(/^\d{1,16}$/) })

/** The act of that part. @param show answers with the page of a person, with what could not be done */
export function userAttributesRoutes(
  app: FastifyInstance,
  { users, attributeForm }: UserAttributesDependencies & { users: Pick<Accounts, 'updateByAdmin'> },
  find: (id: string) => Promise<Account>,
  show: (
    request: FastifyRequest,
    reply: FastifyReply,
    user: Account,
    refused: { attributes: AlsoAttributes; status: number },
  ) => Promise<FastifyReply>,
): void {
  app.post<{ Params: { id: string } }>(
    '/admin/users/:id/attributes',
    { config: { admin: 'user.update', formPage: '/admin/users/:id' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const { version } = versionForm.parse(request.body ?? {})
      const attributes = attributeForm.entered('administrator', request.body, user.attributes)
      try {
        if (attributes !== undefined)
          await users.updateByAdmin(user.id, { attributes }, { ifVersion: Number(version) })
        return reply.redirect(`/admin/users/${user.id}?done=attributes`, 303)
      } catch (error) {
        const values = shownAgain(request.body)
        const now = await find(user.id)
        if (error instanceof VersionConflict)
          return show(request, reply, now, { attributes: { edit: { values }, stale: true }, status: 409 })
        const edit = { ...asFormErrors(error), values }
        return show(request, reply, now, { attributes: { edit, version }, status: 422 })
      }
    },
  )
}
