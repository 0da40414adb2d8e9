import { Command } from 'commander'
import { type Resource, resourceVersion } from '../../clients/resources/resource.ts'
import { AppError } from '../../shared/errors.ts'
import {
  type Cli,
  CliError,
  createCommand,
  moreHint,
  type Options,
  pageOf,
  secondsOf,
  withPage,
  withWarnings,
} from '../context.ts'
import { createOption, valueGiven } from '../option.ts'
import { PROGRAM } from '../program.ts'
import { labelledLines, table } from '../text.ts'
import { resourceCredentialCommands } from './credentials.ts'
import { scopeTextOptions, scopeTextsOf } from './scope-texts.ts'

const TOKENS = '--tokens <jwt|opaque>'
const TOKENS_MEAN =
  'jwt: the API verifies them by itself (default); opaque: it asks here, and a revocation counts at once'

const BY_ROLE = 'people get those of its scopes alone that their roles at it give'
const CLAIMS = 'of groups, roles, entitlements: what its JWT access tokens say of a person'

/** `latchkey resources …` */
export function resourceCommands(cli: Cli): Command {
  const group = new Command('resources').description('APIs whose access tokens are issued here')
  const commands = [add(cli), list(cli), show(cli), update(cli), remove(cli)]
  for (const command of [...commands, ...resourceCredentialCommands(cli)]) group.addCommand(command)
  return group
}

const withScopeTexts = (command: Command): Command =>
  scopeTextOptions.reduce((each, option) => each.addOption(createOption(option)), command)

const add = (cli: Cli): Command =>
  withScopeTexts(createCommand('add', 'add an API'))
    .option('--identifier <uri>', 'its resource indicator (RFC 8707): the audience of its tokens')
    .option('--scope <scopes>', 'its scopes, separated by spaces')
    .option('--name <name>', 'what people see on the consent page')
    .option('--access-token-ttl <seconds>', 'lifetime of its tokens (default: that of the server)')
    .option(TOKENS, TOKENS_MEAN)
    .option(
      '--default-scopes <scopes>',
      'those of its scopes that a client gets which asks for none (default: none)',
    )
    .option('--scopes-by-role', BY_ROLE)
    .option('--token-claims <claims>', CLAIMS)
    .action(async (options: Options) => {
      const { identifier, scope, name, accessTokenTtl, tokens, defaultScopes, scopesByRole, tokenClaims } =
        options
      const described = scopeTextsOf(options, {}, String(scope ?? ''))
      const { resources } = await cli.services({ create: 'first' })
      const resource = await resources.add({
        identifier,
        scope,
        ...(name !== undefined && { name }),
        ...(accessTokenTtl !== undefined && { access_token_ttl: secondsOf(accessTokenTtl) }),
        ...(tokens !== undefined && { tokens }),
        ...(defaultScopes !== undefined && { default_scopes: defaultScopes }),
        ...(described && { scope_descriptions: described }),
        ...(scopesByRole !== undefined && { scopes_by_role: scopesByRole }),
        ...(tokenClaims !== undefined && { token_claims: tokenClaims }),
      })
      const next = `Next: let a client ask for its scopes, which it then does with resource=${resource.identifier}:\n  ${PROGRAM} clients update CLIENT_ID --scope "openid ${resource.scope}"`
      const warnings = await resources.warningsOf(resource)
      cli.answer(
        options,
        withWarnings(resource, warnings),
        `The API is added.\n\n${resourceText(resource)}\n\n${next}`,
        warnings,
      )
    })

const list = (cli: Cli): Command =>
  withPage(createCommand('list', 'list the APIs, newest first')).action(async (options: Options) => {
    const { resources } = await cli.services()
    const page = await resources.list(pageOf(options))
    const rows = page.items.map(({ identifier, name, scope, access_token_ttl: ttl, tokens }) => [
      identifier,
      name,
      scope,
      tokens,
      ttl === undefined ? 'default' : `${ttl} s`,
    ])
    const text =
      rows.length === 0
        ? `There is no API yet. Add one with: ${PROGRAM} resources add --identifier https://… --scope "…"`
        : table([['IDENTIFIER', 'NAME', 'SCOPE', 'TOKENS', 'TOKEN LIFETIME'], ...rows])
    cli.answer(options, page, text + moreHint('resources list', options, page.next_cursor))
  })

const resourceText = ({
  identifier,
  name,
  scope,
  access_token_ttl: ttl,
  tokens,
  default_scopes: defaults,
  scope_descriptions: descriptions = {},
  scopes_by_role: byRole,
  token_claims: claims,
}: Resource): string =>
  labelledLines([
    ['identifier', identifier],
    ['name', name],
    ['scope', scope],
    ['default scopes', defaults],
    ['scopes by role', byRole ? 'yes' : undefined],
    ['told in tokens', claims],
    ['token lifetime', ttl === undefined ? undefined : `${ttl} s`],
    ['tokens', tokens === 'jwt' ? 'jwt: verified locally' : 'opaque: revocable at once'],
    ...Object.entries(descriptions).map(
      ([each, { title, description, sensitive }]) =>
        [each, [title, description, sensitive && 'sensitive'].filter(Boolean).join(' · ')] as const,
    ),
  ])

const show = (cli: Cli): Command =>
  createCommand('show', 'show an API')
    .argument('<identifier>')
    .action(async (identifier: string, options: Options) => {
      const { resources } = await cli.services()
      const resource = await resources.get(identifier)
      if (resource === undefined)
        throw new AppError('resource_not_found', 404, 'There is no API with this identifier.')
      cli.answer(options, resource, resourceText(resource))
    })

const update = (cli: Cli): Command =>
  withScopeTexts(createCommand('update', 'change an API; an option given as "" takes its default'))
    .argument('<identifier>')
    .option('--scope <scopes>', 'its scopes, separated by spaces: all that it has from now on')
    .option('--name <name>', 'what people see on the consent page')
    .option('--access-token-ttl <seconds>', 'lifetime of its tokens from now on')
    .option(TOKENS, TOKENS_MEAN)
    .option('--default-scopes <scopes>', 'those of its scopes that a client gets which asks for none')
    .option('--scopes-by-role', BY_ROLE)
    .option('--no-scopes-by-role', 'undoes --scopes-by-role')
    .option('--token-claims <claims>', CLAIMS)
    .action(async (identifier: string, options: Options) => {
      const { scope, name, accessTokenTtl: ttl, tokens, defaultScopes, scopesByRole, tokenClaims } = options
      const changes = {
        ...(scope !== undefined && { scope }),
        ...(name !== undefined && { name: name === '' ? null : name }),
        ...(ttl !== undefined && { access_token_ttl: ttl === '' ? null : secondsOf(ttl) }),
        ...(tokens !== undefined && { tokens: tokens === '' ? null : tokens }),
        ...(defaultScopes !== undefined && { default_scopes: defaultScopes === '' ? null : defaultScopes }),
        ...(scopesByRole !== undefined && { scopes_by_role: scopesByRole }),
        ...(tokenClaims !== undefined && { token_claims: tokenClaims === '' ? null : tokenClaims }),
      }
      const describes = scopeTextOptions.some((option) => valueGiven(options, option) !== undefined)
      if (Object.keys(changes).length === 0 && !describes)
        throw new CliError(['nothing to change; give at least one option, for example --scope'], 2)
      const { resources } = await cli.services()
      const before = describes ? await resources.get(identifier) : undefined
      const described =
        before && scopeTextsOf(options, before.scope_descriptions, String(scope ?? before.scope))
      const resource = await resources.update(
        identifier,
        { ...changes, ...(described && { scope_descriptions: described }) },
        before && { ifVersion: resourceVersion(before) },
      )
      const warnings = await resources.warningsOf(resource)
      cli.answer(
        options,
        withWarnings(resource, warnings),
        `The API is changed. What was issued stays as it is until it expires.\n\n${resourceText(resource)}`,
        warnings,
      )
    })

const remove = (cli: Cli): Command =>
  createCommand('remove', 'remove an API; its tokens are valid until they expire')
    .alias('delete')
    .argument('<identifier>')
    .action(async (identifier: string, options: Options) => {
      const { resources } = await cli.services()
      await resources.remove(identifier)
      cli.answer(options, { identifier, removed: true }, `${identifier} is removed.`)
    })
