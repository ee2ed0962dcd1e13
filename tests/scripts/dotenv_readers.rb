# Reads dotenv files with ruby's dotenv and prints what it understood as JSON: {file: {key: value}}.
# A file it refuses has no keys. Compares nothing.
#
# usage: ruby dotenv_readers.rb < list of files

require "dotenv"
require "json"

all = {}
$stdin.each_line(chomp: true) do |file|
  all[file] = begin
    Dotenv.parse(file)
  rescue StandardError, SyntaxError
    {}
  end
end
puts JSON.generate(all)
