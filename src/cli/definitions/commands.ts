import { Command } from 'commander'
import { ADMINISTRATOR_ROLE_FIELDS } from '../../administrators/table.ts'
import { CLAIM_FIELDS } from '../../attributes/claims/table.ts'
import { ATTRIBUTE_FIELDS } from '../../attributes/table.ts'
import { HOOK_FIELDS } from '../../hooks/table.ts'
import type { Defined, Definitions } from '../../shared/definitions/definitions.ts'
import { type NamedDefinitionField, shownText, valueIn } from '../../shared/definitions/field.ts'
import { type Cli, CliError, createCommand, type Options } from '../context.ts'
import { createOption, valueGiven } from '../option.ts'
import { PROGRAM } from '../program.ts'
import type { CliServices } from '../services.ts'
import { labelledLines, table, time } from '../text.ts'

type One = Defined<object> & { name: string }

/** What is defined, in words, and how it is shown. */
interface Kind {
  kind: 'attribute' | 'claim' | 'hook' | 'administrator_role'
  about: string
  one: string
  fields: readonly NamedDefinitionField[]
  service(
    services: CliServices,
  ): Pick<Definitions<{ name: string }>, 'list' | 'find' | 'create' | 'update' | 'remove'>
  /** Columns of the list. */
  columns: readonly string[]
  deleting: string
  next(one: One): string
  /** What a new one has beside its fields, shown once. */
  once?: string
  /** What else there is to be said of one. */
  more?(services: CliServices, one: One): Promise<[string, string][]>
}

const ATTRIBUTES: Kind = {
  kind: 'attribute',
  about: 'What is known of people beside the standard claims',
  one: 'an attribute',
  fields: ATTRIBUTE_FIELDS,
  service: ({ attributes }) => attributes,
  columns: ['type', 'editable_by', 'visible_to'],
  deleting: 'delete an attribute, and the values that people have',
  next: ({ name }) => `${PROGRAM} users update USER --attribute ${name}=…`,
  async more({ attributes }, { name }) {
    const count = await attributes.countPeople(name)
    return [['people with a value', count > 1000 ? 'more than 1,000' : String(count)]]
  },
}

const CLAIMS: Kind = {
  kind: 'claim',
  about: 'What apps and APIs are told of people beside the standard claims',
  one: 'a claim',
  fields: CLAIM_FIELDS,
  service: ({ customClaims }) => customClaims,
  columns: ['source', 'value', 'shape', 'in'],
  deleting: 'delete a claim: no further token says it',
  next: () => 'sign in to the app once more, and look at its next token',
}

const HOOKS: Kind = {
  kind: 'hook',
  about: 'Programs that are asked before a sign-in, a registration or tokens',
  one: 'a hook',
  fields: HOOK_FIELDS,
  service: ({ hooks }) => ({ ...hooks, create: hooks.createWithSecret }),
  columns: ['at', 'state', 'url'],
  deleting: 'delete a hook: nobody is asked any more',
  next: ({ name }) => `${PROGRAM} hooks test ${name}`,
  once: 'secret',
}

const ADMINISTRATOR_ROLES: Kind = {
  kind: 'administrator_role',
  about: 'What people may do in console and administration API who are no administrator of everything',
  one: 'an administrator role',
  fields: ADMINISTRATOR_ROLE_FIELDS,
  service: ({ administratorRoles }) => administratorRoles,
  columns: ['description', 'permissions'],
  deleting: 'delete an administrator role: who has it is a user from then on',
  next: ({ name }) => `${PROGRAM} users set-role USER ${name}`,
  async more({ administratorRoles }, { id }) {
    const { items, more } = await administratorRoles.holders(id)
    const names = items.map(({ username }) => username).join(', ') || 'nobody'
    return [['who has it', `${names}${more ? ' and others' : ''}`]]
  },
}

/** `latchkey administrator-roles …` */
export const administratorRoleCommands = (cli: Cli): Command => definitionCommands(cli, ADMINISTRATOR_ROLES)

/** `latchkey hooks …` */
export function hookCommands(cli: Cli): Command {
  const group = definitionCommands(cli, HOOKS)
  group.addCommand(
    createCommand('rotate-secret', 'give it a new secret; the one before signs too, for a day')
      .argument('<hook>', 'its ID or name')
      .action(async (idOrName: string, options: Options) => {
        const { hooks } = await cli.services()
        const { id } = await hooks.find(idOrName)
        const { secret } = await hooks.rotateSecret(id)
        cli.answer(options, { id, secret }, `Its secret, shown this once:\n${secret}`)
      }),
  )
  group.addCommand(
    createCommand('test', 'ask it about nobody, and show what it answers')
      .argument('<hook>', 'its ID or name')
      .action(async (idOrName: string, options: Options) => {
        const { hooks } = await cli.services()
        const { request, answer, failure, took } = await hooks.test((await hooks.find(idOrName)).id)
        const text = [
          `Asked:\n${request}`,
          answer
            ? `Answered in ${took} ms:\n${JSON.stringify(answer)}`
            : `No good answer after ${took} ms: ${failure?.english}.`,
        ]
        cli.answer(
          options,
          { request, answer: answer ?? null, failure: failure?.english ?? null, took_ms: took },
          text.join('\n\n'),
        )
      }),
  )
  return group
}

/** `latchkey claims …` */
export const claimCommands = (cli: Cli): Command => definitionCommands(cli, CLAIMS)

/** `latchkey attributes …` */
export const attributeCommands = (cli: Cli): Command => definitionCommands(cli, ATTRIBUTES)

const fieldOf = (one: object, name: string): unknown => (one as Readonly<Record<string, unknown>>)[name]
const repeats = ({ kind }: NamedDefinitionField) => kind !== 'line' && kind !== 'choice'

function definitionCommands(cli: Cli, words: Kind): Command {
  const { one, fields, service } = words
  const kind = words.kind.replace('_', ' ')
  const command = `${words.kind.replace('_', '-')}s`
  const group = new Command(command).description(words.about)
  const argument = [`<${words.kind.replace('_', '-')}>`, 'its ID or name'] as const

  const document = (found: One) => ({
    id: found.id,
    ...Object.fromEntries(fields.map(({ name }) => [name, fieldOf(found, name)])),
    created_at: new Date(found.createdAt).toISOString(),
  })
  const text = (found: One) =>
    labelledLines([
      ['ID', found.id],
      ...fields.map((field): [string, string] => [
        field.form.label.toLowerCase(),
        shownText(field, fieldOf(found, field.name)),
      ]),
      ['created', time(found.createdAt)],
    ])
  const withOptions = (command: Command, own: readonly NamedDefinitionField[]) => {
    for (const field of own) command.addOption(createOption({ ...field.option, repeatable: repeats(field) }))
    return command
  }
  const inputIn = (options: Options, own: readonly NamedDefinitionField[]): Record<string, unknown> =>
    Object.fromEntries(
      own.flatMap((field): [string, unknown][] => {
        const given = valueGiven(options, field.option)
        return given === undefined ? [] : [[field.name, valueIn(field, given as string | string[])]]
      }),
    )
  const changeable = fields.filter(({ fixed }) => fixed !== true)

  group.addCommand(
    withOptions(createCommand('create', `define ${one}`), fields).action(async (options: Options) => {
      const created = await service(await cli.services({ create: 'first' })).create(inputIn(options, fields))
      const next = `Next: ${words.next(created)}`
      const shown = words.once === undefined ? {} : { [words.once]: fieldOf(created, words.once) }
      const secret = Object.entries(shown).map(([name, value]) => `Its ${name}, shown this once:\n${value}`)
      const lines = [`The ${kind} is defined.`, text(created), ...secret, next]
      cli.answer(options, { ...document(created), ...shown }, lines.join('\n\n'))
    }),
  )
  group.addCommand(
    createCommand('list', `list the ${kind}s by name`).action(async (options: Options) => {
      const all = await service(await cli.services()).list()
      const columns = ['name', ...words.columns]
      const rows = all.map((each) => [
        ...columns.map((column) => [fieldOf(each, column)].flat().join(', ')),
        each.id,
      ])
      const shown =
        rows.length === 0
          ? `There is no ${kind} yet. Define one with: ${PROGRAM} ${command} create --name …`
          : table([[...columns.map((column) => column.toUpperCase().replace('_', ' ')), 'ID'], ...rows])
      cli.answer(options, { items: all.map(document) }, shown)
    }),
  )
  group.addCommand(
    createCommand('show', `show ${one}`)
      .argument(...argument)
      .action(async (idOrName: string, options: Options) => {
        const services = await cli.services()
        const found = await service(services).find(idOrName)
        const more = (await words.more?.(services, found)) ?? []
        const keys = more.map(([name, value]) => [name.replaceAll(' ', '_'), value])
        cli.answer(
          options,
          { ...document(found), ...Object.fromEntries(keys) },
          [text(found), labelledLines(more)].filter(Boolean).join('\n'),
        )
      }),
  )
  group.addCommand(
    withOptions(createCommand('update', `change ${one}`).argument(...argument), changeable).action(
      async (idOrName: string, options: Options) => {
        const changes = inputIn(options, changeable)
        if (Object.keys(changes).length === 0)
          throw new CliError(['nothing to change; --help lists the options'], 2)
        const definitions = service(await cli.services())
        const { id } = await definitions.find(idOrName)
        const changed = await definitions.update(id, changes)
        cli.answer(options, document(changed), `The ${kind} is changed.\n\n${text(changed)}`)
      },
    ),
  )
  group.addCommand(
    createCommand('delete', words.deleting)
      .argument(...argument)
      .action(async (idOrName: string, options: Options) => {
        const definitions = service(await cli.services())
        const { id, name } = await definitions.find(idOrName)
        await definitions.remove(id)
        cli.answer(options, { id, deleted: true }, `The ${kind} ${name} is deleted.`)
      }),
  )
  return group
}
