/* Parses every PHP file of a folder in PHP of several versions (as WebAssembly), as `php -l` would, and writes what they
   refuse as JSON: node lint.mjs FOLDER VERSION... Nothing of the folder is run. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

import { loadPHPRuntime, PHP } from "@php-wasm/universal";

const [folder, ...versions] = process.argv.slice(2);
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".php"))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
const codes = Object.fromEntries(files.map((file) => [relative(folder, file), readFileSync(file, "utf8")]));

const PARSE = `<?php
error_reporting( E_ALL );
$refused = array();
set_error_handler( function ( $number, $message ) use ( &$refused, &$name ) {
	$refused[] = array( $name, $message );
	return true;
} );
foreach ( json_decode( file_get_contents( '/codes.json' ), true ) as $name => $code ) {
	try {
		token_get_all( $code, TOKEN_PARSE );
	} catch ( ParseError $error ) {
		$refused[] = array( $name, $error->getMessage() . ' on line ' . $error->getLine() );
	}
}
echo json_encode( array( 'php' => PHP_VERSION, 'files' => count( json_decode( file_get_contents( '/codes.json' ), true ) ), 'refused' => $refused ) );
`;

const answers = {};
for (const version of versions) {
  const { getPHPLoaderModule } = await import(`@php-wasm/node-${version.replace(".", "-")}`);
  const php = new PHP(await loadPHPRuntime(await getPHPLoaderModule()));
  php.writeFile("/codes.json", JSON.stringify(codes));
  const answer = await php.run({ code: PARSE });
  answers[version] = JSON.parse(answer.text);
  php.exit();
}
process.stdout.write(JSON.stringify(answers));
process.exit(0);
