import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { BrandOwner } from '../branding/document.ts'
import { type Brand, type BrandField, fromText, NAMED_BRAND_FIELDS } from '../branding/fields.ts'
import { type Cli, CliError, createCommand, type Options } from './context.ts'
import { table } from './text.ts'

type OwnerOptions = Options & { client?: string; organization?: string }

/** `latchkey branding …` */
export function brandingCommands(cli: Cli): Command {
  const group = new Command('branding').description('Name, logo, colours and links of pages and messages')
  for (const command of [get(cli), set(cli), reset(cli)]) group.addCommand(command)
  return group
}

/** A command that is about the server, a client or an organization. */
const ownedCommand = (name: string, description: string): Command =>
  createCommand(name, description)
    .option('--client <id>', 'of a client')
    .option('--organization <name>', 'of an organization, by ID or short name')

async function ownerOf(
  services: Awaited<ReturnType<Cli['services']>>,
  { client, organization }: OwnerOptions,
): Promise<BrandOwner> {
  if (client !== undefined && organization !== undefined)
    throw new CliError(['Give --client or --organization, not both.'])
  if (client !== undefined) return { kind: 'client', id: client }
  if (organization === undefined) return { kind: 'server' }
  return { kind: 'organization', id: (await services.organizations.find(organization)).id }
}

/** Its fields as they are written; lines of a text stand on one. */
const textOf = (brand: Brand): string => {
  const rows = NAMED_BRAND_FIELDS.map(({ name }) => [
    name,
    brand[name] === null ? '-' : String(brand[name]).replaceAll('\n', ' / '),
  ])
  return table([['FIELD', 'SAYS'], ...rows])
}

const get = (cli: Cli): Command =>
  ownedCommand('get', 'show what is said of a brand').action(async (options: OwnerOptions) => {
    const services = await cli.services()
    const { brand } = await services.branding.get(await ownerOf(services, options))
    cli.answer(options, brand, textOf(brand))
  })

/** `support_url`: `--support-url`, and as commander calls it. */
const flagOf = (name: BrandField): string => `--${name.replaceAll('_', '-')}`
const keyOf = (name: BrandField): string =>
  name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

const set = (cli: Cli): Command => {
  const command = ownedCommand('set', 'say fields of a brand; running servers follow within two seconds')
  for (const { name, hint, input } of NAMED_BRAND_FIELDS)
    command.option(`${flagOf(name)} <${input === 'picture' ? 'file' : 'value'}>`, hint)
  return command.action(async (options: OwnerOptions & Record<string, unknown>) => {
    const given = NAMED_BRAND_FIELDS.filter(({ name }) => typeof options[keyOf(name)] === 'string')
    if (given.length === 0)
      throw new CliError(['Say at least one field, for example --name "Harbour Notes".'])
    const changes = await Promise.all(
      given.map(async ({ name, input }) => {
        const text = String(options[keyOf(name)])
        return [name, input === 'picture' ? await pictureOf(text) : fromText(name, text)] as const
      }),
    )
    const services = await cli.services({ create: 'first' })
    const owner = await ownerOf(services, options)
    const { brand, version } = await services.branding.get(owner)
    const state = await services.branding.set(
      owner,
      { ...brand, ...Object.fromEntries(changes) },
      { ifVersion: version },
    )
    cli.answer(options, state.brand, textOf(state.brand))
  })
}

/** A file as the service takes it, or the address of a picture that the server has. */
async function pictureOf(path: string): Promise<string | null> {
  if (path === '' || path.startsWith('/theme/')) return path || null
  const bytes = await readFile(path).catch(() => {
    throw new CliError([`The file ${path} cannot be read.`])
  })
  return `data:image/any;base64,${bytes.toString('base64')}`
}

const reset = (cli: Cli): Command =>
  ownedCommand('reset', 'say nothing of a brand any more, or of some of its fields')
    .argument('[field...]')
    .action(async (fields: readonly string[], options: OwnerOptions) => {
      const services = await cli.services({ create: 'first' })
      const owner = await ownerOf(services, options)
      const unknown = fields.filter((field) => !NAMED_BRAND_FIELDS.some(({ name }) => name === field))
      if (unknown.length > 0)
        throw new CliError([
          `There is no field ${unknown.join(', ')}. There are: ${NAMED_BRAND_FIELDS.map(({ name }) => name).join(', ')}.`,
        ])
      const { brand, version } = await services.branding.get(owner)
      const left =
        fields.length === 0 ? {} : { ...brand, ...Object.fromEntries(fields.map((name) => [name, null])) }
      const state = await services.branding.set(owner, left, { ifVersion: version })
      cli.answer(options, state.brand, textOf(state.brand))
    })
