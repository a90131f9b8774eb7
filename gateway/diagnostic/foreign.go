package diagnostic

// foreign says what to write instead of functions that other languages have.
func foreign() map[string]string {
	use := func(name string) string { return `did you mean "` + name + `"?` }
	const notPure = "a template gives the same text every time it is rendered; random values are outputs of backends"
	const weak = `use sha256`
	const noFiles = "only file and templatefile read files"
	return map[string]string{
		"upcase": use("upper"), "toupper": use("upper"), "touppercase": use("upper"), "uppercase": use("upper"), "ucase": use("upper"),
		"downcase": use("lower"), "tolower": use("lower"), "tolowercase": use("lower"), "lowercase": use("lower"), "lcase": use("lower"),
		"capitalize": use("title"), "titlecase": use("title"), "ucfirst": use("title"),
		"len": use("length"), "size": use("length"), "count": use("length"), "strlength": use("strlen"),
		"substring": use("substr"), "mid": use("substr"), "left": use("substr"), "right": use("substr"),
		"strip": use("trimspace"), "chop": use("chomp"), "ltrim": use("trim"), "rtrim": use("trim"),
		"strrev": use("reverse"), "implode": use("join"), "explode": use("split"),
		"sprintf": use("format"), "printf": use("format"), "fmt": use("format"),
		"gsub": use("replace"), "sub": use("replace"), "regexreplace": use("replace"), "regex_replace": use("replace"),
		"match": use("regex"), "matches": use("regex"), "regexp": use("regex"),
		"hasprefix": use("startswith"), "starts_with": use("startswith"), "hassuffix": use("endswith"), "ends_with": use("endswith"),
		"includes": use("contains"), "has": use("contains"), "instr": use("strcontains"),
		"slugify": use("slug"), "parameterize": use("slug"),

		"str": use("tostring"), "string": use("tostring"), "to_string": use("tostring"),
		"int": use("tonumber"), "number": use("tonumber"), "float": use("tonumber"), "to_number": use("tonumber"),
		"bool": use("tobool"), "boolean": use("tobool"),
		"list": "write [a, b]", "array": "write [a, b]", "tuple": "write [a, b]", "map": "write { a = b }, or [for x in list : …]",
		"object": "write { a = b }", "dict": "write { a = b }", "filter": "write [for x in list : x if …]",

		"urlescape": use("urlencode"), "url_encode": use("urlencode"), "uriencode": use("urlencode"), "encodeuricomponent": use("urlencode"),
		"queryescape": use("urlencode"), "urlunescape": use("urldecode"), "url_decode": use("urldecode"),
		"base64": use("base64encode"), "b64enc": use("base64encode"), "b64encode": use("base64encode"), "b64dec": use("base64decode"), "b64decode": use("base64decode"),
		"tojson": use("jsonencode"), "to_json": use("jsonencode"), "fromjson": use("jsondecode"), "toyaml": use("yamlencode"), "fromyaml": use("yamldecode"),
		"sha": use("sha256"), "hash": use("sha256"), "hmac": use("hmacsha256"), "uuid5": use("uuidv5"),
		"md5": weak, "sha1": weak, "sha512": weak,

		"getenv": use("env"), "environ": use("env"), "readfile": use("file"), "read": use("file"), "template": use("templatefile"),
		"vault": use("secret"), "fileexists": noFiles, "fileset": noFiles, "filebase64": noFiles, "filesha256": noFiles,
		"default": use("coalesce"), "nvl": use("coalesce"), "ifnull": use("coalesce"), "firstof": use("coalesce"),
		"isnull": "write x == null", "defined": use("can"), "iif": "write condition ? one : other", "if": "write condition ? one : other",
		"ternary": "write condition ? one : other", "alltrue": "write !contains(list, false)", "anytrue": "write contains(list, true)",
		"append": use("concat"), "push": use("concat"), "unique": use("distinct"), "uniq": use("distinct"), "first": "write list[0]",
		"get": use("lookup"), "round": "write floor(x + 0.5)",

		"uuid": notPure, "random": notPure, "rand": notPure, "random_string": notPure, "timestamp": notPure, "now": notPure, "time": notPure, "date": notPure,
	}
}
